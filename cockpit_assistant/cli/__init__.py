"""The command line: one parser, one module a family of commands.

Exit statuses: 0 done, 1 something a check or replay found, 2 configuration, project or usage, 3 model, 4 audio,
5 broker or vehicle, 130 interrupted. Results go to standard output, everything else to standard error.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import AssistantError

SEATS = ("driver", "passenger", "rear_left", "rear_right")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options) or 0)
    except AssistantError as error:
        print(f"cockpit-assistant: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has gone, as in `… | head`
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cockpit-assistant",
        description="Offline voice assistant for car cockpits, in Mandarin and English.",
        epilog="Start with: cockpit-assistant demo. Settings come from cockpit.toml and COCKPIT_… variables.",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (default: ./cockpit.toml)")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    demo = _add(commands, "demo", "drive the simulated car through a recorded drive and show each turn", "demo")
    demo.add_argument("--drive", type=Path, metavar="FILE", help="another recording (WAV or FLAC)")
    demo.add_argument(
        "--out", type=Path, default=Path("demo-output"), metavar="DIR", help="spoken replies and trace"
    )

    run = _add(commands, "run", "listen to the microphone and talk to the car on the broker", "live")
    run.add_argument("--simulate", action="store_true", help="bring a broker and a simulated car of its own")
    run.add_argument("--device", metavar="NAME", help="microphone by name or number (see --list-devices)")
    run.add_argument("--list-devices", action="store_true", help="show the microphones and stop")

    say = _add(commands, "say", "one turn in text against the simulated car", "text")
    say.add_argument(
        "text", metavar="TEXT", nargs="+", help="what the driver says; several are said one after another"
    )
    _language(say)
    say.add_argument("--seat", choices=SEATS, default="driver", help="who says it")
    say.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="a vehicle state first: Vehicle.Speed=80"
    )
    _project(say)

    parse = _add(commands, "parse", "what an utterance means, without doing it", "text")
    parse.add_argument(
        "text", metavar="TEXT", nargs="*", help="utterances (with --jsonl they come from standard input)"
    )
    parse.add_argument(
        "--jsonl", action="store_true", help='read {"text","lang"?,"speaker"?} lines, write JSON lines'
    )
    parse.add_argument("--explain", action="store_true", help="show how it was understood, step by step")
    _language(parse)
    _project(parse)

    transcribe = _add(commands, "transcribe", "speech recognition on audio files", "audio")
    transcribe.add_argument("files", nargs="+", type=Path, metavar="FILE")
    transcribe.add_argument("--jsonl", action="store_true", help="one JSON line a file")
    _language(transcribe)
    _project(transcribe)

    wake = _add(commands, "wake", "find wake phrases in audio files", "audio")
    wake.add_argument("files", nargs="+", type=Path, metavar="FILE")
    wake.add_argument("--jsonl", action="store_true", help="one JSON line a file")
    wake.add_argument("--phrase", metavar="P", help="only this phrase")

    replay = _add(commands, "replay", "play recordings through the whole assistant and list the turns", "replay")
    replay.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="recordings, or folders of them")
    replay.add_argument("--no-wake", action="store_true", help="every utterance counts, wake phrase or not")
    replay.add_argument("--report", type=Path, metavar="DIR", help="write trace, turns and spoken replies there")
    replay.add_argument("--jsonl", action="store_true", help="one JSON line a turn")
    _project(replay)

    synth = _add(commands, "synth", "make a labelled recording of a drive from a script", "make")
    synth.add_argument("script", type=Path, metavar="SCRIPT", help="YAML: who says what, how, in which noise")
    synth.add_argument("--out", type=Path, required=True, metavar="FILE", help="FLAC to write; labels go beside it")

    train = _add(commands, "train", "train a model from text and write it as ONNX", "make")
    kinds = train.add_subparsers(title="models", metavar="MODEL", required=True, dest="kind")
    nlu = kinds.add_parser("nlu", help="understanding, from a Rasa project")
    _project(nlu)
    nlu.add_argument(
        "--out", type=Path, metavar="DIR", help="where the model goes (default: the project's own place)"
    )
    nlu.add_argument("--keep", type=Path, metavar="DIR", help="keep the float network and Rasa's answers there")
    word = kinds.add_parser("wake", help="a wake phrase, from its text")
    word.add_argument("phrase", metavar="PHRASE")
    _language(word)
    word.add_argument("--out", type=Path, metavar="DIR", help="where the model goes (default: onnx_models/wake)")
    word.add_argument("--noise", type=Path, metavar="DIR", help="folder of noise recordings to mix in as well")

    models = _add(commands, "models", "the models this installation needs", "models")
    models.add_argument("action", choices=("list", "pull", "verify"))
    models.add_argument("names", nargs="*", metavar="NAME", help="models by name (default: those the settings use)")

    check = _add(commands, "check", "look for mistakes in settings, project data and models", "check")
    check.add_argument(
        "--stories", action="store_true", help="run the project's test stories and conversations as well"
    )
    _project(check)

    bench = _add(commands, "bench", "measure latency, memory, start-up and idle load on this machine", "bench")
    bench.add_argument("--json", action="store_true", help="machine-readable")
    bench.add_argument("--repeat", type=int, default=3, metavar="N", help="drives to measure (default 3)")
    return parser


def _add(commands: argparse._SubParsersAction, name: str, what: str, module: str) -> argparse.ArgumentParser:  # type: ignore[type-arg]
    """A command whose function of the same name lives in one of this package's modules, loaded when called."""
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=what, description=what[0].upper() + what[1:] + "."
    )

    def call(options: argparse.Namespace) -> int:
        from importlib import import_module

        function = getattr(import_module(f"{__name__}.{module}"), name)
        return int(function(options) or 0)

    command.set_defaults(command=call)
    return command


def _language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", choices=("zh", "en"), help="the language spoken (default: told from the words)")


def _project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--project", type=Path, metavar="DIR", help="another Rasa project (default: the shipped one)"
    )
