"""What holds for all tests: which of them are the quick loop, no network, and kernels that are told the same.

pytest                   # the quick loop: all but the slow tests and the notebooks, in at most four processes
pytest FILE, -k, -m      # whatever you choose, slow or not; one file runs in pytest's own process
pytest --everything      # every test and every notebook
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

# Several workers on as many cores: with more threads each they would only wait for one another.
os.environ["OMP_NUM_THREADS"] = "1"
# What nbval compares must not depend on how long a check takes.
os.environ["VAE_CHECKS_QUIET"] = "1"

from tests import only_loopback

# What takes more than a few seconds, by file or by function; with the notebooks it is left out of the quick loop.
SLOW = {
    "test_cells_below.py",
    "test_explorer.py",
    "test_exported_page.py",
    "test_grading_cases.py",
    "test_grading_run.py",
    "test_grading_zoo.py",
    "test_lessons_in_browser.py",
    "test_nbgrader.py",
    "test_playground.py",
    "test_predictions.py",
    "test_set_up.py",
    "test_site.py",
    "test_teaching.py",
    "test_types.py",
    "test_versions.py",
    "test_widgets_next_day.py",
    "test_a_command_runs_in_any_folder",
    "test_a_folder_of_such_a_name_hides_nothing",
    "test_a_folder_with_a_blank_and_an_umlaut_is_fine",
    "test_a_locked_gradebook_is_a_sentence",
    "test_a_kernel_that_another_python_installed_for_the_user_does_not_win",
    "test_a_pipe_that_closes_is_no_traceback",
    "test_a_record_of_another_version_or_of_other_bytes_is_graded_again",
    "test_a_script_without_a_guard_makes_many_pages_in_processes_and_runs_once",
    "test_a_slip_costs_its_own_points_alone",
    "test_a_stopped_run_prints_the_command_that_goes_on",
    "test_a_students_own_file_in_the_place_of_a_module_is_named",
    "test_a_students_own_file_in_the_place_of_another_package_is_named",
    "test_a_zip_that_would_take_gigabytes_is_not_unpacked",
    "test_after_a_table_a_notebook_still_shows_the_sharp_and_described_picture",
    "test_an_answer_that_is_judged_by_luck_is_reported",
    "test_an_answer_without_thought_earns_little",
    "test_an_assignment_that_canvas_does_not_know_is_said_and_no_second_one_is_made",
    "test_a_tilde_in_the_name_of_the_cache_is_the_home_folder",
    "test_another_encoding_of_the_terminal_is_fine",
    "test_binder_would_build_this_folder",
    "test_drawing_calling_and_judging_can_be_done_in_three_processes",
    "test_every_file_of_any_inbox_is_placed_earlier_unchanged_or_listed",
    "test_every_module_of_the_library_gives_the_sentence",
    "test_late_of_moodles_worksheet_is_kept",
    "test_many_pages_are_made_in_processes_as_one_makes_them",
    "test_moodle_takes_each_page_of_feedback_for_whom_it_is",
    "test_nbgraders_exchange_hands_out_and_brings_back",
    "test_neither_import_nor_drawing_touches_pyplot",
    "test_of_an_unfinished_class_one_true_sentence_is_said",
    "test_on_a_full_disk_the_files_before_stay_and_a_sentence_says_so",
    "test_only_equivalent_mutants_survive",
    "test_ordinary_code_goes_on_working",
    "test_points_are_in_proportion",
    "test_points_follow_the_fault",
    "test_right_answers_get_full_points",
    "test_the_cache_is_shown_where_it_is",
    "test_the_command_is_installed_and_explains_itself",
    "test_the_command_still_speaks_and_fails_where_pytorch_does_not_work",
    "test_the_command_succeeds_where_all_is_fine",
    "test_the_first_cell_of_every_lesson_and_assignment_gets_the_sentence",
    "test_the_tool_runs_as_a_file_and_as_a_module",
    "test_two_processes_that_unpack_at_the_same_time_both_succeed",
    "test_without_a_home_folder_the_cache_that_is_named_serves",
    "test_without_a_home_folder_there_is_a_sentence",
    "test_without_a_package_it_and_the_environment_are_named",
    "test_wrong_answers_fail_and_are_named_and_judged_alike",
}
# What takes longest, in this order: begun last, it would keep one worker busy while the others have nothing left.
FIRST = [
    *("test_checks_answers.py", "05_training.ipynb", "test_grading_zoo.py", "test_grading_run.py"),
    *("test_checks_mutants.py", "test_lessons_in_browser.py", "test_explorer.py", "test_playground.py"),
    *("test_grading_cases.py", "test_teaching.py", "test_site.py", "test_nbgrader.py", "test_predictions.py"),
    *("test_widgets_next_day.py", "test_versions.py", "test_pytorch.py", "test_report.py", "test_environment.py"),
]
# Grading is for Linux; what it stands on, other systems do not have.
collect_ignore_glob = [] if sys.platform == "linux" else ["tests/test_grading_*.py", "tests/test_teaching.py"]

# A grammar of addresses, which jsonschema imports if it is there, and no notebook needs: to build it takes 1.5 seconds.
sys.modules["rfc3987_syntax"] = None

# A kernel runs the files in its profile's startup folder before the first cell.
_ipython = tempfile.TemporaryDirectory(prefix="ipython-")
_startup = Path(_ipython.name, "profile_default", "startup")
_startup.mkdir(parents=True)
shutil.copy(only_loopback.__file__, _startup)
os.environ["IPYTHONDIR"] = _ipython.name


def pytest_addoption(parser):
    """Add the one option of our own."""
    parser.addoption("--everything", action="store_true", help="run the slow tests and the notebooks, too")


def pytest_xdist_auto_num_workers(config):
    """One more worker process than cores, for many tests wait for a browser or a kernel; at most four.

    None for a single file, which one process tests anyway.
    """
    alone = len(config.args) == 1 and Path(config.args[0].partition("::")[0]).is_file()
    return 0 if alone else min(4, 1 + (os.cpu_count() or 1))


def pytest_configure(config):
    """Run everything of what somebody chose."""
    if hasattr(config, "workerinput"):
        config.option.everything = config.workerinput["everything"]
    else:
        chosen = config.args_source != config.ArgsSource.TESTPATHS or config.option.keyword or config.option.markexpr
        config.option.everything = bool(config.option.everything or chosen)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Tell a worker process what the first one knows, for it reads the command line anew."""
    node.workerinput["everything"] = node.config.option.everything


def pytest_ignore_collect(collection_path, config):
    """Leave the notebooks out of the quick loop."""
    return True if collection_path.suffix == ".ipynb" and not config.option.everything else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Mark what is slow, and leave it out of the quick loop; begin with what takes longest."""
    items.sort(key=lambda item: FIRST.index(item.path.name) if item.path.name in FIRST else len(FIRST))
    for item in items:
        if {item.path.name, getattr(item, "originalname", None)} & SLOW:
            item.add_marker("slow")
    if not config.option.everything:
        slow = [item for item in items if item.get_closest_marker("slow")]
        items[:] = [item for item in items if not item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)


def pytest_unconfigure():
    """Remove the kernels' profile again."""
    _ipython.cleanup()
