"""The command `guanxi`: parses arguments, runs one sub-command, turns problems into one sentence."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from guanxi import __version__
from guanxi.base.errors import Problem
from guanxi.base.i18n import Language, render, translate
from guanxi.entrypoints.cli import (
    audit,
    backup,
    check,
    demo,
    doctor,
    explain,
    export,
    forget,
    imports,
    jobs,
    log,
    reindex,
    ring,
    run,
    scan,
    setup,
    token,
    undo,
    upgrade,
    user,
    work,
)
from guanxi.entrypoints.cli.frame import Command, Host, Terminal, terminal_language
from guanxi.entrypoints.cli.logs import configure_logs
from guanxi.settings import Settings, read_settings

COMMANDS: tuple[Command, ...] = (
    setup.COMMAND,
    run.COMMAND,
    work.COMMAND,
    demo.COMMAND,
    user.COMMAND,
    token.COMMAND,
    imports.COMMAND,
    export.COMMAND,
    undo.COMMAND,
    explain.COMMAND,
    check.COMMAND,
    doctor.COMMAND,
    reindex.COMMAND,
    backup.BACKUP,
    backup.RESTORE,
    upgrade.COMMAND,
    log.COMMAND,
    audit.COMMAND,
    jobs.COMMAND,
    ring.COMMAND,
    scan.COMMAND,
    forget.COMMAND,
)


def run_command(argv: Sequence[str] | None, start: Callable[[Settings], Host]) -> int:
    """0: done; 1: refused or failed, said on standard error; 2: the command line cannot be understood."""
    language = terminal_language()
    args = make_parser(language).parse_args(argv)
    host: Host | None = None
    try:
        settings = read_settings(home=args.home, database_url=args.database)
        configure_logs(settings)
        host = start(settings)
        return int(args.command.run(Terminal(host, language, args.workspace), args))
    except Problem as problem:
        print(sentences(problem, language), file=sys.stderr)
        return 1
    except BrokenPipeError:  # `| head` has seen enough
        with suppress(OSError):
            sys.stdout.close()
        return 1
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"{error.strerror or error}: {error.filename}" if error.filename else str(error), file=sys.stderr)
        return 1
    finally:
        if host is not None:
            host.close()


def sentences(problem: Problem, language: Language) -> str:
    """The problem in one sentence, and a line for each field it names."""
    lines = [str(render(problem.message, language))]
    for error in problem.errors:
        said = str(render(error.message, language))
        if said not in lines:
            lines.append(f"  {error.field}: {said}")
    return "\n".join(lines)


def make_parser(language: Language) -> argparse.ArgumentParser:
    """All sub-commands with help in the terminal's language."""

    def said(text: str) -> str:
        return translate(text, language).replace("%", "%%")

    parser = argparse.ArgumentParser("guanxi", description=said("Guanxi, a customer relationship system."))
    parser.add_argument("--version", action="version", version=f"guanxi {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    for target, default in ((parser, None), (common, argparse.SUPPRESS)):  # both before and after the sub-command
        target.add_argument("--home", metavar="FOLDER", default=default, help=said("folder that holds all data"))
        target.add_argument("--database", metavar="URL", default=default, help=said("PostgreSQL address"))
        name = "main" if default is None else default
        target.add_argument("--workspace", metavar="NAME", default=name, help=said("which workspace; usually main"))
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        sub = commands.add_parser(
            command.name, help=said(command.summary), description=said(command.summary), parents=[common]
        )
        command.declare(sub)
        _translate_help(sub, said)
        sub.set_defaults(command=command)
    for action in parser._actions[:2]:  # noqa: SLF001 - argparse has no public way to change help texts
        action.help = said(action.help or "")
    return parser


def _translate_help(parser: argparse.ArgumentParser, said: Callable[[str], str]) -> None:
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to change help texts
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
            for choice in action._choices_actions:  # noqa: SLF001 - the same
                choice.help = said(choice.help or "")
            for sub in action.choices.values():
                _translate_help(sub, said)
        elif action.help and action.help is not argparse.SUPPRESS:
            action.help = said(action.help.replace("%%", "%"))
