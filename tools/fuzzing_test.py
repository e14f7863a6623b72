"""Fuzzing must not pass over what breaks a target. The programs here only act as libFuzzer does."""

import pathlib

import pytest

from tools.fuzzing import Fuzzing, Target

# Breaks on any file that holds an X: in the directories of its corpus, and after a moment in an input of its own.
PROGRAM = """#!/bin/bash
for argument in "$@"; do
  case $argument in
    -artifact_prefix=*) prefix=${{argument#*=}} ;;
    -exact_artifact_path=*) exact=${{argument#*=}} ;;
    -minimize_crash=1) minimize=true ;;
    -*) ;;
    *) inputs+=("$argument") ;;
  esac
done
if [[ ${{minimize:-}} ]]; then printf X >"$exact"; exit 77; fi
if known=$(grep -rl X "${{inputs[@]}}"); then
  echo "does not hold: no X"
  echo "artifact_prefix='$prefix'; Test unit written to $(head -1 <<<"$known")"
  exit 77
fi
{then}
"""
FINDS = 'printf longX >"${prefix}crash-1"; echo "==1== ERROR: libFuzzer: deadly signal"; exit 77'
FINDS_NOTHING = 'printf new >"${inputs[0]}/new"; echo "Done 1234 runs in 3 second(s)"'


@pytest.fixture
def make_target(tmp_path: pathlib.Path):
    def make(then: str) -> Target:
        seeds = tmp_path / "seeds"
        seeds.mkdir(exist_ok=True)
        (seeds / "seed").write_text("seed")
        program = tmp_path / "program"
        program.write_text(PROGRAM.format(then=then))
        program.chmod(0o755)
        return Target("package/some_fuzz", program, seeds)

    return make


def test_a_target_that_holds_passes_with_the_number_of_inputs(tmp_path, make_target):
    outcome = Fuzzing(tmp_path / "cache", 3).run(make_target(FINDS_NOTHING))
    assert outcome.passed and (outcome.inputs, outcome.corpus) == (1234, 2)
    assert str(outcome) == "ok    package/some_fuzz: 1234 inputs, 2 kept"
    assert (tmp_path / "cache/package/some_fuzz/corpus/new").exists()


def test_a_fresh_run_keeps_no_corpus(tmp_path, make_target):
    assert Fuzzing(tmp_path / "cache", 3, fresh=True).run(make_target(FINDS_NOTHING)).passed
    assert not (tmp_path / "cache/package/some_fuzz/corpus").exists()


@pytest.mark.parametrize("fresh", [True, False])
def test_a_breaking_input_is_made_small_named_and_tried_again(tmp_path, make_target, fresh: bool):
    fuzzing = Fuzzing(tmp_path / "cache", 3, fresh=fresh)
    outcome = fuzzing.run(make_target(FINDS))
    assert not outcome.passed
    assert [outcome.breaking_input] == list((tmp_path / "cache/package/some_fuzz/broken").iterdir())
    assert outcome.breaking_input.read_bytes() == b"X"
    assert "FAIL  package/some_fuzz: ==1== ERROR: libFuzzer: deadly signal" in str(outcome)
    assert "base64: WA==" in str(outcome)

    again = fuzzing.run(make_target(FINDS_NOTHING))
    assert again.fault == "does not hold: no X" and again.breaking_input == outcome.breaking_input


@pytest.mark.parametrize("then", ["exit 3", "exit 0", "kill -SEGV $$"])
def test_a_program_that_ends_without_a_word_fails(tmp_path, make_target, then: str):
    outcome = Fuzzing(tmp_path / "cache", 3).run(make_target(then))
    assert not outcome.passed and "see " in outcome.fault


def test_all_targets_count_whatever_became_of_one(tmp_path, make_target, capsys):
    good = make_target(FINDS_NOTHING)
    bad = Target("package/other_fuzz", pathlib.Path("/bin/false"), good.seeds)
    outcomes = Fuzzing(tmp_path / "cache", 3).run_all([bad, good], jobs=2)
    assert sorted(outcome.passed for outcome in outcomes) == [False, True]
    assert "FAIL  package/other_fuzz" in capsys.readouterr().out
