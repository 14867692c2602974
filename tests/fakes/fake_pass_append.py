"""Appends a word; words with a meaning: FAIL, CRASH, HANG, EXTRA, NOTHING, SLOW."""

import os
import time
from dataclasses import dataclass, replace

from edgebuild.errors import EdgebuildError
from edgebuild.step import StepKind, Tensor, param


@dataclass(frozen=True, kw_only=True)
class Params:
    """The word."""

    word: str = param("what to append", "end")


def run(call):
    word = call.params.word
    if word == "FAIL":
        raise EdgebuildError("cannot append FAIL", fields={"word": word}, hint="take another word")
    if word == "CRASH":
        print("about to crash", flush=True)
        os.abort()
    if word == "HANG":
        time.sleep(1000)
    if word == "SLOW":
        time.sleep(1)
    if word == "EXTRA":
        call.outputs["model"].with_name("extra").write_text("undeclared")
    if word == "NOTHING":
        return
    call.outputs["model"].write_text(call.inputs["model"].read_text() + "\n" + word)


def contract(params, before):
    outputs = {**before.outputs, params.word: Tensor(shape=(1,))}
    return replace(before, outputs=outputs)


KIND = StepKind(
    role="pass", run=run, tools="python", consumes=("model",), produces={"model": "model.txt"},
    params=Params, contract=contract, time_limit_s=3,
)  # fmt: skip
