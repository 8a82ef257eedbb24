"""The command line's root: commands are imported when they are called, so that the console starts at once."""

from __future__ import annotations

import importlib
import os
import sys

import click

from console import __version__

# command -> module of this package and attribute in it
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "run"),
    "demo": ("demo", "demo"),
    "replay": ("replay", "replay"),
    "record": ("replay", "record"),
    "status": ("status", "status"),
    "doctor": ("doctor", "doctor"),
    "up": ("lab", "up"),
    "down": ("lab", "down"),
    "faults": ("inject", "faults"),
    "inject": ("inject", "inject"),
    "revert": ("inject", "revert"),
    "injections": ("inject", "injections"),
    "nettools": ("nettools", "nettools"),
    "arm": ("inject", "arm"),
    "diagnose": ("diagnose", "diagnose"),
    "incidents": ("diagnose", "incidents"),
    "audit": ("audit", "audit"),
    "sim": ("sim", "sim"),
    "catalogue": ("catalogue", "catalogue"),
    "eval": ("evaluate", "evaluate"),
    "experiment": ("experiment", "experiment"),
    "report": ("report", "report"),
    "verify": ("verify", "verify"),
    "backup": ("data", "backup"),
    "export": ("data", "export"),
}


class LazyGroup(click.Group):
    """Lists all commands, loads only the one that is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"console.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """An unknown command names the nearest one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"no such command {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done or confirmed, 1 check failed or degraded, 2 usage, 3 refused by a safety rule, "
    "4 rollback PARTIAL or FAILED, 5 a dependency is unreachable, 6 could not run but rolled back, 130 interrupted.",
)
@click.version_option(__version__, prog_name="chaos-console")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Break a TiKV cluster on purpose, see it before the cluster does, put it back.

    Without a command the console opens: on the lab in Docker where there is one, else on a simulated cluster.
    """
    if ctx.invoked_subcommand is None:
        from .run import run as command

        ctx.invoke(command)


def run(arguments: list[str]) -> int:
    """Run a command line; returns the exit code. Every failure is one line on stderr, never a traceback."""
    if arguments and arguments[0].startswith("-") and arguments[0] not in ("-h", "--help", "--version"):
        arguments = ["run", *arguments]  # `chaos-console --read-only` is `chaos-console run --read-only`
    try:
        result = cli.main(args=arguments, prog_name="chaos-console", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        _complain(error.format_message())
        return error.exit_code
    except BrokenPipeError:
        # The reader went away (`| head`): silence, and no second complaint when stdout is flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _complain(message: str) -> None:
    from console.model.text import clean

    click.echo(f"chaos-console: {clean(message, 600)}", err=True)
