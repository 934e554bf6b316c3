"""The commands of this package: `wenzheng eval …` and `wenzheng bench`.

Every module here imports what is heavy within the command that needs it, so that help is quick.
"""

import typer

from eval.commands.answers import evaluate_answers, evaluate_coverage, evaluate_faq
from eval.commands.dialogues import evaluate_dialogues
from eval.commands.eligibility import evaluate_eligibility
from eval.commands.gate import gate
from eval.commands.guards import evaluate_guards, evaluate_routes
from eval.commands.learning import calibrate, evaluate_clusters, train_adapter
from eval.commands.life_events import evaluate_life_events
from eval.commands.models import evaluate_hostile, evaluate_support
from eval.commands.proofs import crowd, desk, kill
from eval.commands.retrieval import compare_systems, evaluate_retrieval
from eval.commands.services import evaluate_services
from eval.commands.speed import bench, evaluate_backends, evaluate_index
from eval.commands.transcripts import record_transcripts


def register(app: typer.Typer) -> None:
    """Add the group `eval` and the command `bench` to the application."""
    group = typer.Typer(help="评测检索与问答的质量。", no_args_is_help=True)
    group.command("retrieval")(evaluate_retrieval)
    group.command("compare")(compare_systems)
    group.command("answers")(evaluate_answers)
    group.command("coverage")(evaluate_coverage)
    group.command("index")(evaluate_index)
    group.command("calibrate")(calibrate)
    group.command("faq")(evaluate_faq)
    group.command("clusters")(evaluate_clusters)
    group.command("gate")(gate)
    group.command("services")(evaluate_services)
    group.command("life-events")(evaluate_life_events)
    group.command("dialogues")(evaluate_dialogues)
    group.command("eligibility")(evaluate_eligibility)
    group.command("routes")(evaluate_routes)
    group.command("guards")(evaluate_guards)
    group.command("adapter")(train_adapter)
    group.command("kill")(kill)
    group.command("crowd")(crowd)
    group.command("desk")(desk)
    group.command("backends")(evaluate_backends)
    group.command("hostile")(evaluate_hostile)
    group.command("support")(evaluate_support)
    group.command("transcripts")(record_transcripts)
    app.add_typer(group, name="eval")
    app.command("bench")(bench)
