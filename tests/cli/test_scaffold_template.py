"""The study that is written: it loads, whatever went in, and the script takes the flags it hands over."""

import subprocess
import sys
from pathlib import Path

import pytest
from cli.scaffold_scripts import ARGPARSE, BARE_ARGPARSE, SCRIPTS, call, help_of
from hypothesis import given
from hypothesis import strategies as st

from hpotune.cli.scaffold import InitRequest, help_command, source_candidates, write_study
from hpotune.cli.scaffold.options import as_number
from hpotune.cli.scaffold.yaml_text import comment, flow
from hpotune.errors import UsageError
from hpotune.protocol import CommandTemplate, check_protocol
from hpotune.study import lint, load_text, outward_names

REQUEST = {"command": ("python", "train.py"), "metric": "val_loss"}
PRINTABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(
    lambda text: text.strip()
)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | PRINTABLE
JSON = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(PRINTABLE, SCALARS, max_size=3)


def loaded(**facts):
    text = write_study(InitRequest(**(REQUEST | facts)))
    return load_text(text, "study.yaml", checks=[check_protocol])


def arguments(study, config):
    """What the trial's command hands to the script."""
    return CommandTemplate(study.command, outward_names(study)).render(config, {})[2:]


class TestRealScripts:
    @pytest.mark.parametrize("width", [200, 80, 50])
    @pytest.mark.parametrize("framework", SCRIPTS)
    def test_the_study_loads_and_nothing_is_doubtful(self, tmp_path, framework, width):
        script = SCRIPTS[framework]
        study = loaded(help_text=help_of(tmp_path, script, width), source=script)
        assert lint(study) == []
        assert list(study.parameters) == [
            "learning_rate",
            "batch_size",
            "dropout",
            "optimizer",
            "no_augment",
            "nesterov",
        ]
        assert study.command == ("python", "train.py", "${args}")

    @pytest.mark.parametrize("framework", SCRIPTS)
    def test_the_script_takes_what_the_study_hands_over(self, tmp_path, framework):
        script = SCRIPTS[framework]
        study = loaded(help_text=help_of(tmp_path, script))
        default = study.space.default()
        corner = study.space.decode([0.999] * study.space.dimension)
        assert default is not None
        for config in (default, corner):
            finished = call(tmp_path, script, *arguments(study, config))
            assert finished.returncode == 0, finished.stderr

    def test_the_source_alone_gives_the_same_study_as_help_with_defaults(self, tmp_path):
        shown = write_study(InitRequest(**REQUEST, help_text=help_of(tmp_path, ARGPARSE)))
        assert write_study(InitRequest(**REQUEST, source=ARGPARSE)) == shown
        assert (
            write_study(InitRequest(**REQUEST, help_text=help_of(tmp_path, BARE_ARGPARSE), source=BARE_ARGPARSE))
            == shown
        )

    def test_the_repositorys_own_argparse_study_could_have_begun_so(self):
        folder = Path(__file__).parents[2] / "studies" / "argparse"
        study = loaded(source=(folder / "train.py").read_text())
        assert set(study.parameters) >= {"learning_rate", "n_estimators", "max_depth", "subsample", "max_features"}


class TestCommand:
    def test_options_with_one_hyphen_are_handed_over_one_by_one(self):
        study = loaded(help_text="  -lr float\n    \trate (default 0.1)\n  -depth int\n    \tdepth (default 3)\n")
        assert study.command == ("python", "train.py", "-lr", "${lr}", "-depth", "${depth}")

    def test_a_command_with_templates_keeps_its_form_and_gets_exactly_those(self):
        command = ("python", "train.py", "--learning-rate=${rate}", "--out", "${trial_dir}", "--new", "${thing}")
        study = loaded(command=command, source=ARGPARSE)
        assert study.command == command
        assert list(study.parameters) == ["rate", "thing"]
        assert study.parameters["rate"].default == 0.001

    def test_args_is_not_added_twice(self):
        assert loaded(command=("./t", "${args}", "x"), source=ARGPARSE).command == ("./t", "${args}", "x")

    def test_hydra_takes_arguments_without_hyphens(self):
        assert loaded(source="@hydra.main()\ndef main(config): ...\n").command[-1] == "${args_no_hyphens}"

    def test_a_script_that_reads_the_environment_gets_no_flags(self):
        assert loaded(source="os.environ['HPOTUNE_CONFIG']").command == ("python", "train.py")

    @pytest.mark.parametrize(
        ("command", "files"),
        [
            (["python", "train.py", "--x"], ("train.py",)),
            (["python3.12", "-m", "pkg.train"], ("pkg/train.py", "pkg/train/__main__.py")),
            (["torchrun", "--nproc", "2", "a/train.py"], ("a/train.py",)),
            (["./train", "-m", "x"], ()),
            (["python", "-m"], ()),
        ],
    )
    def test_where_the_source_may_be(self, command, files):
        assert source_candidates(command) == files

    def test_help_is_asked_without_the_templates(self):
        assert help_command(["python", "t.py", "--lr=${lr}", "${args}"]) == ["python", "t.py", "--help"]


class TestAnyInput:
    @given(
        command=st.lists(PRINTABLE.filter(lambda text: "$" not in text), min_size=1, max_size=4),
        metric=PRINTABLE,
        help_text=st.text(),
    )
    def test_command_and_metric_arrive_as_they_were(self, command, metric, help_text):
        study = loaded(command=tuple(command), metric=metric, goal="minimize", help_text=help_text)
        assert study.command[: len(command)] == tuple(command)
        assert study.metric.name == metric

    @given(st.lists(PRINTABLE, min_size=2, max_size=4, unique=True), PRINTABLE)
    def test_choices_and_help_of_any_kind_load(self, choices, words):
        source = f"p.add_argument('--kernel', choices={choices!r}, help={words!r})"
        kernel = loaded(source=source).parameters["kernel"]
        assert [str(choice) for choice in kernel.choices] == [str(choice) for choice in map(as_number, choices)]

    @given(JSON)
    def test_a_value_in_flow_style_is_read_back_as_it_was(self, value):
        constant = {"c": {"type": "constant", "value": value}, "x": {"type": "bool"}}
        text = write_study(InitRequest(**REQUEST)).partition("parameters:")[0] + f"parameters: {flow(constant)}\n"
        read = load_text(text + "limits: {trials: 1}\n", "study.yaml").parameters["c"].value
        assert read == value
        assert type(read) is type(value)

    @pytest.mark.parametrize(
        "name", ["lambda", "in", "not", "null", "on", "y", "args", "study", "budget", "optim.lr", "2d", "C", "min"]
    )
    def test_option_names_that_mean_something_elsewhere_load(self, name):
        study = loaded(help_text=f"  --{name} X  a rate (default: 0.5)\n  --other X  (default: 0.5)\n")
        (parameter, _) = study.parameters
        assert (study.parameters[parameter].as_ or parameter) == name

    @given(st.text())
    def test_a_comment_is_one_printable_line(self, text):
        line = comment(text, 50)
        assert len(line) <= 50
        assert line.isprintable()

    def test_without_any_option_an_example_is_given_and_marked(self):
        text = write_study(InitRequest(**REQUEST))
        assert "EDIT" in text
        assert list(load_text(text, "study.yaml").parameters) == ["lr"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({"command": ()}, "command"),
            ({"metric": " "}, "metric"),
            ({"metric": "thing"}, "--goal"),
            ({"goal": "max"}, "maximize"),
        ],
    )
    def test_what_cannot_be_written_is_said_with_a_remedy(self, facts, words):
        with pytest.raises(UsageError) as caught:
            write_study(InitRequest(**(REQUEST | facts)))
        assert words in str(caught.value)
        assert caught.value.remedy

    def test_a_given_goal_overrules_the_name(self):
        assert loaded(metric="accuracy", goal="minimize").metric.goal == "minimize"


def test_the_scaffold_stays_light():
    code = "import sys, hpotune.cli.scaffold; print({'numpy', 'pydantic', 'yaml', 'rich', 'typer'} & set(sys.modules))"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "set()"
