"""The wall around the tests stands: neither they nor the notebooks' kernels reach the network."""

import socket

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def test_the_tests_reach_only_this_machine():
    with pytest.raises(PermissionError, match="without a network"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_a_kernel_reaches_only_this_machine():
    code = "import urllib.request\nurllib.request.urlopen('http://example.invalid')"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    with pytest.raises(CellExecutionError, match="without a network"):
        NotebookClient(notebook, kernel_name="python3").execute()
