"""`wenzheng eval eligibility`: the rules against people worked by hand."""

from pathlib import Path
from typing import Annotated

import typer

from eval.commands.terminal import AsJson

_ROOT = Path(__file__).parents[2]


def evaluate_eligibility(
    file: Annotated[Path, typer.Argument(help="手工判定过的人，每行一个 JSON 对象。")] = _ROOT
    / "eval/data/eligibility-cases.jsonl",
    *,
    rules: Annotated[Path, typer.Option("--rules", help="资格规则，默认示例规则。")] = _ROOT
    / "knowledge_base/sample/eligibility.json",
    as_json: AsJson = False,
) -> None:
    """每个人该符合哪些规则，判得对不对；有一个不对，退出码为 1。"""
    import json

    from pydantic_core import to_jsonable_python

    from eval.eligibility_run import measure_eligibility
    from knowledge_base.eligibility.reading import read_rules

    outcomes = measure_eligibility(read_rules(rules), file)
    wrong = [each for each in outcomes if not each.right]
    if as_json:
        typer.echo(json.dumps(to_jsonable_python(outcomes), ensure_ascii=False))
    else:
        for each in wrong:
            missing, extra = sorted(each.wanted - each.reached), sorted(each.reached - each.wanted)
            open_ones = sorted(each.wanted & each.undecided)
            typer.echo(f"第 {each.line} 行  漏 {missing}  多 {extra}  其中未定 {open_ones}")
        typer.echo(f"{len(outcomes) - len(wrong)}/{len(outcomes)} 人判得与手工相同")
    if wrong:
        raise typer.Exit(1)
