"""`sandan route`: the router without servers; demands from standard input, and measured on labelled ones."""

import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
import yaml
from rich.console import Console

from services.chassis.lines import Fault, read_lines
from services.contracts.community_file import CommunityFile
from services.intake.commands.communities import parsed_or_exit
from services.intake.commands.reading import FileReader
from services.matching.commands.curve import draw_curve
from services.matching.commands.evaluation import Evaluation, evaluate_folds
from services.matching.commands.lines import DemandLine, LabelledLine
from services.matching.commands.router import FileRouter
from services.matching.domain.matter import Candidate

app = typer.Typer(help="Try the router without servers: who would get which demand, and why.")
errors = Console(stderr=True, soft_wrap=True)
FAULTS_EXIT = 2
UNNAMED = {"community": {"id": "unnamed", "name": "未命名社区"}}
UNNAMED_LINE = "community: {id: unnamed, name: 未命名社区}\n"
CommunityOption = Annotated[
    Path, typer.Option("--community", exists=True, dir_okay=False, help="a community file, YAML or JSON")
]
HistoryOption = Annotated[
    Path | None,
    typer.Option("--history", exists=True, dir_okay=False, help="labelled demands, learnt in their order"),
]


@app.callback(invoke_without_command=True)
def route(
    context: typer.Context,
    community: Annotated[
        Path | None,
        typer.Option("--community", exists=True, dir_okay=False, help="a community file, YAML or JSON"),
    ] = None,
    history: HistoryOption = None,
) -> None:
    """Route demands, one JSON object a line, from standard input to standard output, in their order."""
    if context.invoked_subcommand is not None:
        return
    if community is None:
        raise typer.BadParameter("name the community file", param_hint="--community")
    file = _file(community)
    router, reader = router_of(file), FileReader(file)
    faults = _teach(router, history)
    for _, line in read_lines(sys.stdin.buffer, DemandLine, "<stdin>"):
        if isinstance(line, Fault):
            faults += _tell(line)
            continue
        if line.compound and line.compound not in router.places:
            errors.print(f"{line.id}: 社区文件里没有小区“{line.compound}”，按未写小区处理", markup=False)
        sys.stdout.buffer.write(orjson.dumps(routed(line, router, reader)) + b"\n")
    sys.stdout.buffer.flush()
    raise typer.Exit(FAULTS_EXIT if faults else 0)


def router_of(file: CommunityFile) -> FileRouter:
    """Return the router of a community, which reads texts as intake does."""
    return FileRouter(file, FileReader(file).read)


def routed(line: DemandLine, router: FileRouter, reader: FileReader) -> dict[str, Any]:
    """Return what becomes of a demand as a line that goes out."""
    outcome = router.route(line)
    ranking, said = outcome.ranking, outcome.said
    return {
        "id": line.id,
        "category": ranking.category,
        "kind": reader.kind_of(line.text, line.title),
        "urgency": "urgent" if said.danger == "now" else "normal",
        "danger": said.danger,
        "danger_kind": said.danger_kind,
        "said": list(said.said),
        "call": list(reader.numbers_for(said.danger_kind)) if said.is_alarming else [],
        "accusation": said.accusation,
        "accused": list(outcome.accused),
        "private": said.private,
        "want": said.want,
        "elsewhere": said.elsewhere,
        "wishes": {wish.name: wish.likely for wish in said.wishes},
        "held": outcome.held,
        "matters": list(ranking.matters),
        "decision": ranking.decision,
        "confidence": ranking.confidence,
        "because": ranking.because,
        "candidates": [_candidate(candidate) for candidate in ranking.candidates],
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    reasons = [{"part": p.name, "value": p.value, "because": p.because} for p in candidate.parts]
    return {
        "provider": candidate.provider,
        "score": candidate.score,
        "confidence": candidate.confidence,
        "reasons": reasons,
    }


@app.command()
def evaluate(
    community: CommunityOption,
    labelled: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="demands with the provider that was right")
    ],
    folds: Annotated[
        int,
        typer.Option(
            min=0, max=20, help="learn all but one part and measure on it, in turn; 0 learns nothing"
        ),
    ] = 0,
    history: HistoryOption = None,
    plot: Annotated[Path, typer.Option(help="where the reliability curve goes, as SVG")] = Path(
        "reliability.svg"
    ),
) -> None:
    """Measure the router: accuracy, top-3, macro-F1, coverage at the wanted precision, reliability."""
    router = router_of(_file(community))
    lines, faults = _labelled(router, labelled)
    taught, history_faults = _labelled(router, history) if history else ([], 0)
    if not lines:
        errors.print(f"{labelled}: 没有可用的行", markup=False)
        raise typer.Exit(FAULTS_EXIT)
    result = evaluate_folds(router, lines, taught, folds)
    _print(result, router)
    plot.write_text(draw_curve(result.bins), encoding="utf-8")
    sys.stdout.write(f"reliability curve: {plot}\n")
    raise typer.Exit(FAULTS_EXIT if faults + history_faults else 0)


def _print(result: Evaluation, router: FileRouter) -> None:
    wanted = router.file.routing.wanted_precision
    rows = [
        f"demands            {result.count}",
        f"accuracy           {result.accuracy:.4f}",
        f"top-3              {result.top_3:.4f}",
        f"macro-F1           {result.macro_f1:.4f}",
        f"dispatched         {result.dispatched:.4f}   right {result.dispatched_right:.4f}",
        f"coverage at {wanted:.2f}   {result.coverage_at(wanted):.4f}",
        "confidence   demands   mean   right",
    ]
    rows += [
        f"{b.low:.1f} to {b.high:.1f}   {b.count:7d}   {b.confidence:.3f}  {b.right:.3f}" for b in result.bins
    ]
    sys.stdout.write("\n".join(rows) + "\n")


def _file(path: Path) -> CommunityFile:
    """Parse a community file; one that holds providers and nothing else is of a community without a name."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError:
        loaded = None  # told with its line by the parser below
    if isinstance(loaded, dict) and "community" not in loaded:
        # JSON is written anew; YAML gets its last line, so that faults keep the lines they are on.
        of_json = text.lstrip().startswith("{")
        text = (
            orjson.dumps({**loaded, **UNNAMED}, default=str).decode()
            if of_json
            else f"{text}\n{UNNAMED_LINE}"
        )
    return parsed_or_exit(text, str(path))


def _teach(router: FileRouter, history: Path | None) -> int:
    if history is None:
        return 0
    lines, faults = _labelled(router, history)
    router.learn(lines)
    return faults


def _labelled(router: FileRouter, path: Path) -> tuple[list[LabelledLine], int]:
    """Return the lines that can be used and how many cannot; each of those is told."""
    good: list[LabelledLine] = []
    faults = 0
    with path.open("rb") as lines:
        for number, line in read_lines(lines, LabelledLine, str(path)):
            fault = line if isinstance(line, Fault) else router.fault_of(line, number, str(path))
            if fault is not None:
                faults += _tell(fault)
            elif isinstance(line, LabelledLine):
                good.append(line)
    return good, faults


def _tell(fault: Fault) -> int:
    errors.print(str(fault), markup=False, highlight=False)
    return 1
