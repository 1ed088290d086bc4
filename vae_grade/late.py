"""Late: from the due dates in the gradebook, nbgrader's own plugin says how many points that costs."""

from jupyter_core.paths import jupyter_config_path
from nbgrader.api import Assignment, Gradebook, SubmittedAssignment, SubmittedNotebook
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import or_
from traitlets.config import Config, ConfigFileNotFound, PyFileConfigLoader

from vae_grade.assignments import Refused
from vae_grade.folder import TeacherFolder

CONFIGURATION = "nbgrader_config.py"


def apply_penalties(gradebook: Gradebook, folder: TeacherFolder) -> None:
    """Write the penalty of each submission into the gradebook, as nbgrader's *Autograde* does; its default is none.

    Raises:
        Refused: nbgrader's configuration cannot be read, or the plugin in it fails.
    """
    notebooks = gradebook.db.query(SubmittedNotebook).join(SubmittedNotebook.assignment)
    notebooks = notebooks.join(SubmittedAssignment.assignment)
    concerned = or_(Assignment.duedate.is_not(None), SubmittedNotebook.late_submission_penalty.is_not(None))
    if not (found := notebooks.filter(concerned).all()):
        return
    try:
        assigner = AssignLatePenalties(config=_read_configuration(folder))
        assigner.init_plugin()
        for notebook in found:
            late = notebook.assignment.total_seconds_late if notebook.assignment.assignment.duedate else 0
            penalty = None
            if late > 0:
                student, score = notebook.assignment.student_id, notebook.score
                penalty = assigner.plugin_inst.late_submission_penalty(student, score, late)
                penalty = None if penalty is None else min(max(penalty, 0.0), score)
            notebook.late_submission_penalty = penalty
    except Exception as error:  # the configuration and the plugin are the teacher's own code
        raise Refused(
            f"nbgrader's penalty for late submissions fails ({type(error).__name__}: {error}): look at {CONFIGURATION}."
        ) from None
    gradebook.db.commit()


def _read_configuration(folder: TeacherFolder) -> Config:
    """nbgrader's configuration: the user's, then what the class's own says otherwise."""
    config = Config()
    for place in [*reversed(jupyter_config_path()), str(folder.root)]:
        try:
            config.merge(PyFileConfigLoader(CONFIGURATION, path=place).load_config())
        except ConfigFileNotFound:
            continue
    return config
