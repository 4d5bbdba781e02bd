"""Options out of help texts and sources: two readings of the same script must agree, and no text makes either raise."""

import pytest
from cli.scaffold_scripts import ARGPARSE, BARE_ARGPARSE, SCRIPTS, TYPER, help_of
from hypothesis import given
from hypothesis import strategies as st

from hpotune.cli.scaffold.help_parser import is_cut, parse_help
from hpotune.cli.scaffold.options import merge, settle
from hpotune.cli.scaffold.source_parser import parse_source

EXPECTED = {
    "--learning-rate": ("float", 0.001, ()),
    "--batch-size": ("int", 32, ()),
    "--dropout": ("float", 0.1, ()),
    "--optimizer": (None, "adam", ("adam", "sgd", "adamw")),
    "--augment": ("flag", True, ()),
    "--nesterov": ("flag", None, ()),
    "--epochs": ("int", 10, ()),
    "--seed": ("int", 0, ()),
}


def facts(options):
    """What matters of each option but --help, by its flag."""
    known = {}
    for option in map(settle, options):
        if option.flag == "--help":
            continue
        kind = None if option.choices else option.kind
        default = option.default or None if kind == "flag" else option.default
        known[option.flag] = (kind, default, option.choices)
    return known


class TestHelp:
    @pytest.mark.parametrize("width", [300, 120, 80])
    @pytest.mark.parametrize("framework", SCRIPTS)
    def test_every_option_is_read_at_any_usual_width(self, tmp_path, framework, width):
        assert facts(parse_help(help_of(tmp_path, SCRIPTS[framework], width))) == EXPECTED

    @pytest.mark.parametrize("width", [60, 40])
    @pytest.mark.parametrize("framework", ["argparse", "click"])
    def test_flat_help_is_read_however_narrow_it_is(self, tmp_path, framework, width):
        assert facts(parse_help(help_of(tmp_path, SCRIPTS[framework], width))) == EXPECTED

    @pytest.mark.parametrize("width", [60, 50, 40])
    def test_a_box_that_cuts_flags_is_noticed_and_nothing_cut_is_guessed(self, tmp_path, width):
        text = help_of(tmp_path, TYPER, width)
        read = facts(parse_help(text))
        assert is_cut(text) or read == EXPECTED
        assert set(read) <= set(EXPECTED)
        assert all(read[flag][1] in {None, EXPECTED[flag][1]} for flag in read)

    def test_a_wide_box_is_not_cut(self, tmp_path):
        assert not is_cut(help_of(tmp_path, TYPER, 120))

    def test_a_box_without_rich_is_read_too(self, tmp_path):
        assert facts(parse_help(help_of(tmp_path, TYPER, 80, TYPER_USE_RICH="0"))) == EXPECTED

    def test_colours_do_no_harm(self, tmp_path):
        text = help_of(tmp_path, TYPER, 120, FORCE_COLOR="1", NO_COLOR="", TERM="xterm-256color")
        assert "\x1b[" in text
        assert facts(parse_help(text)) == EXPECTED

    @pytest.mark.parametrize("framework", ["click", "typer"])
    def test_ranges_give_bounds(self, tmp_path, framework):
        options = {option.flag: option for option in parse_help(help_of(tmp_path, SCRIPTS[framework], 120))}
        assert options["--batch-size"].low == 1
        assert options["--dropout"].low == 0
        assert options["--dropout"].high == (0.99 if framework == "click" else 1)

    @pytest.mark.parametrize("framework", SCRIPTS)
    def test_pairs_and_short_forms_are_kept(self, tmp_path, framework):
        options = {option.flag: option for option in parse_help(help_of(tmp_path, SCRIPTS[framework], 120))}
        assert options["--augment"].negative == "--no-augment"
        assert set(options["--batch-size"].flags) == {"-b", "--batch-size"}

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("  -lr float\n    \tlearning rate (default 0.001)\n", {"-lr": ("float", 0.001, ())}),
            ("      --lr <LR>  step size [default: 0.001]\n", {"--lr": ("float", 0.001, ())}),
            ("  --lr: the rate\n    (default: '0.001')\n    (a number)\n", {"--lr": ("float", 0.001, ())}),
            ("  --opt <O>  how [default: a] [possible values: a, b]\n", {"--opt": (None, "a", ("a", "b"))}),
            (
                "  -s S  x\n      --lr <LR>  y [default: 1.5]\n",
                {"-s": ("unknown", None, ()), "--lr": ("float", 1.5, ())},
            ),
            ("  --lr LR  the rate, default 0.1, halved later\n", {"--lr": ("float", 0.1, ())}),
            ("  --drop P  default 10%\n", {"--drop": ("unknown", None, ())}),
            ("  --size {1,2,4}\n", {"--size": (None, None, (1, 2, 4))}),
            ("  --betas B [B ...]  (default: [0.9, 0.99])\n", {"--betas": ("list", "[0.9, 0.99", ())}),
            ("  --gamma G  (default: None)\n", {"--gamma": ("unknown", None, ())}),
            ("  --n N  text\n          --m 3 is not an option here\n", {"--n": ("unknown", None, ())}),
            ("nothing here\n - a list\n -- a rule\n", {}),
        ],
    )
    def test_other_forms_of_help(self, text, expected):
        assert facts(parse_help(text)) == expected

    @given(st.text(alphabet=st.sampled_from("-ab=[]{}|<>│╭ \n\tx01.:,…*(default)é\x1b")))
    def test_no_text_makes_it_raise_and_no_flag_is_invented(self, text):
        plain = "".join(text.split())
        for option in parse_help(text):
            assert all(flag.strip("-.") in plain for flag in option.flags)


class TestSource:
    @pytest.mark.parametrize("framework", SCRIPTS)
    def test_source_and_help_tell_the_same(self, framework):
        assert facts(parse_source(SCRIPTS[framework])) == EXPECTED

    @pytest.mark.parametrize("framework", SCRIPTS)
    def test_source_and_help_name_the_same_flags_and_bounds(self, tmp_path, framework):
        written = {option.flag: option for option in parse_source(SCRIPTS[framework])}
        shown = {option.flag: option for option in parse_help(help_of(tmp_path, SCRIPTS[framework], 120))}
        for flag, option in written.items():
            seen = shown[flag]
            assert (set(option.flags), option.negative) == (set(seen.flags), seen.negative)
            assert (option.low, option.high) == (seen.low, seen.high)

    @pytest.mark.parametrize(
        ("call", "expected"),
        [
            ("parser.add_argument('--lr', default=LR)", ("float", 0.25, ())),
            ("parser.add_argument('--lr', type=float, default=compute())", ("float", None, ())),
            ("parser.add_argument('--lr', type=float, default=1)", ("float", 1.0, ())),
            ("parser.add_argument('--lr', nargs=2, type=float)", ("list", None, ())),
            ("parser.add_argument('--lr', type=str, default='0.1')", ("text", "0.1", ())),
            ("parser.add_argument('--lr', type=int, choices=(1, 2))", (None, None, (1, 2))),
            ("parser.add_argument('--lr', choices=list(TABLE))", ("unknown", None, ())),
            ("parser.add_argument('--lr', type=bool, default=False)", ("truth", False, ())),
            ("parser.add_argument(*flags, **more)", None),
            ("parser.add_argument('lr')", None),
            ("click.option('--lr', type=click.FLOAT)", ("float", None, ())),
            ("click.option('--lr', multiple=True)", ("list", None, ())),
        ],
    )
    def test_what_a_call_says(self, call, expected):
        known = facts(parse_source(f"LR = 0.25\n{call}\n"))
        assert known == ({} if expected is None else {"--lr": expected})

    @given(st.text() | st.sampled_from(["\0", "(" * 500, "x = " + "-" * 9999 + "1"]))
    def test_no_text_makes_it_raise(self, text):
        assert isinstance(parse_source(text), tuple)

    def test_the_script_is_never_run(self, tmp_path):
        parse_source(f"open({str(tmp_path / 'trace')!r}, 'w')\nraise SystemExit(1)\n")
        assert list(tmp_path.iterdir()) == []


class TestMerge:
    def test_the_source_fills_in_the_defaults_that_the_help_hides(self, tmp_path):
        shown = parse_help(help_of(tmp_path, BARE_ARGPARSE))
        assert facts(shown) != EXPECTED
        assert facts(merge(shown, parse_source(BARE_ARGPARSE))) == EXPECTED

    def test_only_what_the_help_shows_counts(self):
        shown = parse_help("  --lr LR  rate\n")
        merged = merge(shown, parse_source(ARGPARSE + "parser.add_argument('--lr', type=float, default=0.5)\n"))
        assert facts(merged) == {"--lr": ("float", 0.5, ())}

    def test_without_a_help_the_source_counts(self):
        assert facts(merge((), parse_source(ARGPARSE))) == EXPECTED

    def test_an_option_of_two_subcommands_is_named_once(self):
        source = "a.add_argument('--lr', type=float, default=0.5)\nb.add_argument('--lr', type=float, default=0.7)\n"
        assert facts(merge((), parse_source(source))) == {"--lr": ("float", 0.5, ())}
