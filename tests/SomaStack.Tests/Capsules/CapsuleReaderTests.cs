using System.Text.Json;
using CsCheck;
using SomaStack.Agents.Capsules;

namespace SomaStack.Tests.Capsules;

public sealed class CapsuleReaderTests
{
    private const string Head = "id: sample\nversion: 1.0.0\nsummary: A capsule that a test made.\n";
    private const string Step = "workflow: {steps: [{name: A, action: flow.set}]}\n";

    private static readonly string[] Pieces = ["a", ":", "- ", "\n", " ", "{", "}", "[", "]", "\"", "'", "|", ">", "&a", "*a", "!t", "#", "? ", ", ", "{{", "}}", "\t", "\0", "\ud800", "%", "---\n"];

    public static TheoryData<string> Shipped => [.. Directory.EnumerateFiles(Path.Combine(Root(), "capsules/workflows"), "*.yaml").Select(static file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Shipped))]
    public void Every_capsule_that_is_shipped_is_sound(string name)
    {
        var reading = CapsuleReader.Read(File.ReadAllText(Path.Combine(Root(), $"capsules/workflows/{name}.yaml")));
        Assert.True(reading.Passed, string.Join('\n', reading.Faults));
        Assert.Equal(name, reading.Capsule!.Id);
        Assert.DoesNotContain(reading.Faults, static fault => fault.Code is "SUMMARY_TOO_SHORT" or "TOOL_UNUSED");
    }

    [Theory]
    [InlineData("", "yaml_empty", 1, 1)]
    [InlineData("just text", "type_wrong", 1, 1)]
    [InlineData("a: [1, 2", "yaml_invalid", 1, 9)]
    [InlineData("a: 1\nb: {c: 1, c: 2}\n", "yaml_duplicate_key", 2, 11)]
    [InlineData("a: &x [1]\n", "yaml_anchor", 1, 4)]
    [InlineData("a: *x\n", "yaml_alias", 1, 4)]
    [InlineData("a: !!str 1\n", "yaml_tag", 1, 4)]
    [InlineData("a: 1\n---\nb: 2\n", "yaml_documents", 2, 1)]
    [InlineData("a: {<<: {b: 1}}\n", "yaml_merge", 1, 5)]
    [InlineData("? [a]\n: 1\n", "yaml_key", 1, 3)]
    [InlineData(Head + Step + "colour: red\n", "key_unknown", 5, 1)]
    [InlineData("id: Sample\nversion: 1.0.0\nsummary: A capsule that a test made.\n" + Step, "id_invalid", 1, 5)]
    [InlineData("id: sample\nversion: 1.0\nsummary: A capsule that a test made.\n" + Step, "VERSION_FORMAT", 2, 10)]
    [InlineData("id: sample\nversion: 1.0.0\nsummary: [a]\n" + Step, "type_wrong", 3, 10)]
    [InlineData(Head + "type: other\n" + Step, "value_invalid", 4, 7)]
    [InlineData(Head + "requires_approval: true\n" + Step, "MISSING_REVIEWERS", 4, 20)]
    [InlineData(Head + "schedule: {cron: '61 * * * *'}\n" + Step, "cron_invalid", 4, 18)]
    [InlineData(Head + "schedule: {cron: '0 9 * * MON', time_zone: Mars/Base}\n" + Step, "time_zone_unknown", 4, 44)]
    [InlineData(Head + "policies: {budget_tokens: lots}\n" + Step, "type_wrong", 4, 27)]
    [InlineData(Head + "policies: {budget_time: 3 weeks}\n" + Step, "time_invalid", 4, 25)]
    [InlineData(Head + "inputs: [{name: 'a b'}]\n" + Step, "input_name_invalid", 4, 17)]
    [InlineData(Head + "inputs: [{name: steps}]\n" + Step, "input_name_invalid", 4, 17)]
    [InlineData(Head + "inputs: [{name: a}, {name: a}]\n" + Step, "input_duplicate", 4, 28)]
    [InlineData(Head + "inputs: [{name: a, type: float}]\n" + Step, "input_type_unknown", 4, 26)]
    [InlineData(Head + "inputs: [{name: a, type: integer, default: x}]\n" + Step, "input_default_wrong", 4, 44)]
    [InlineData(Head + "tools: [Bad Tool]\n" + Step, "tool_invalid", 4, 9)]
    [InlineData(Head, "steps_missing", 1, 1)]
    [InlineData(Head + "workflow: {steps: [{name: A}]}\n", "key_missing", 4, 20)]
    [InlineData(Head + "workflow: {steps: [{name: 'A b', action: flow.set}]}\n", "step_name_invalid", 4, 27)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: flow.set}, {name: A, action: flow.set}]}\n", "step_duplicate", 4, 56)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: flow.set, after: B}]}\n", "after_unknown", 4, 55)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: flow.set, after: [A]}]}\n", "after_cycle", 4, 55)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: wait.rain}]}\n", "action_unknown", 4, 38)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: nodots}]}\n", "action_unknown", 4, 38)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: github.create_issue}]}\n", "action_undeclared", 4, 38)]
    [InlineData(Head + "tools: [github.read]\nworkflow: {steps: [{name: A, action: github.create_issue}]}\n", "action_undeclared", 5, 38)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: agent.ask}]}\n", "param_missing", 4, 20)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: agent.ask, params: {prompt: [1]}}]}\n", "param_type", 4, 66)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: capsule.run, params: {capsule: sample}}]}\n", "nested_cycle", 4, 69)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: wait.timer, params: {for: soon}}]}\n", "time_invalid", 4, 64)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: flow.set, retry: {attempts: 99}}]}\n", "value_invalid", 4, 66)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: flow.set, max_parallel: 2}]}\n", "value_invalid", 4, 62)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: flow.set, compensate: {action: wait.timer, params: {for: 1s}}}]}\n", "compensate_invalid", 4, 69)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: human.ask, params: {form: {properties: {a: {type: object}}}}}]}\n", "form_invalid", 4, 81)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: human.ask, params: {form: {properties: {a: {type: string, pattern: '(?=x)'}}}}}]}\n", "form_invalid", 4, 105)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: flow.set, when: 1 + 1}]}\n", "expression_type", 4, 54)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: flow.set, when: run.id == unknown}]}\n", "expression_invalid", 4, 64)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: flow.set, for_each: run.id}]}\n", "expression_type", 4, 58)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: flow.set, params: {x: 'so {{ nothing }}'}}]}\n", "template_invalid", 4, 67)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: flow.set, params: {x: '{{ 1 | wrong }}'}}]}\n", "template_invalid", 4, 68)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: flow.set, params: {x: '{{ 1'}}]}\n", "template_invalid", 4, 61)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: flow.set, params: {x: '{{ item }}'}}]}\n", "template_invalid", 4, 64)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: flow.set, params: {x: '{{ steps.B }}'}}, {name: B, action: flow.set}]}\n", "reference_early", 4, 60)]
    [InlineData(Head + "workflow: {steps: [{name: A, action: flow.set, after: []}, {name: B, action: flow.set, after: [], when: run.status.A == 'x'}]}\n", "reference_early", 4, 105)]
    [InlineData(Head + Step + "outputs: {x: '{{ steps.B }}'}\n", "template_invalid", 5, 18)]
    public void A_fault_is_found_where_it_stands(string yaml, string code, int line, int column)
    {
        var reading = CapsuleReader.Read(yaml);
        Assert.False(reading.Passed);
        Assert.Contains(reading.Faults, fault => (fault.Code, fault.Line, fault.Column) == (code, line, column));
        Assert.All(reading.Faults, static fault => Assert.EndsWith(".", fault.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void All_faults_are_told_at_once_and_in_their_order()
    {
        var reading = CapsuleReader.Read("id: X\nversion: one\nsummary: Short\nworkflow:\n  steps:\n    - {name: A, action: a.b, after: C}\n    - {name: A, action: wait.x}\n");
        Assert.Equal(["id_invalid", "VERSION_FORMAT", "SUMMARY_TOO_SHORT", "action_undeclared", "after_unknown", "step_duplicate", "action_unknown"], reading.Faults.Select(static fault => fault.Code));
    }

    [Fact]
    public void A_cycle_is_named_once_by_its_steps()
    {
        var reading = CapsuleReader.Read(Head + "workflow:\n  steps:\n    - {name: A, action: flow.set, after: C}\n    - {name: B, action: flow.set, after: A}\n    - {name: C, action: flow.set, after: B}\n    - {name: D, action: flow.set, after: C}\n");
        Assert.Equal("These steps wait for each other: A after C after B after A.", Assert.Single(reading.Faults, static fault => fault.Code == "after_cycle").Message);
    }

    [Fact]
    public void The_place_of_a_template_is_right_in_a_text_of_many_lines()
    {
        var reading = CapsuleReader.Read(Head + "workflow:\n  steps:\n    - name: A\n      action: flow.set\n      params:\n        text: |\n          first\n          second {{ wrong }}\n");
        var fault = Assert.Single(reading.Faults, static fault => fault.Code == "template_invalid");
        Assert.Equal((11, 21), (fault.Line, fault.Column));
    }

    [Fact]
    public void Bombs_are_refused_before_they_are_built()
    {
        Assert.Equal("yaml_too_large", Assert.Single(CapsuleReader.Read(new string('a', 10_000_000)).Faults).Code);
        Assert.Equal("yaml_too_deep", Assert.Single(CapsuleReader.Read(new string('[', 50_000)).Faults).Code);
        Assert.Equal("yaml_too_many_nodes", Assert.Single(CapsuleReader.Read("[" + string.Concat(Enumerable.Repeat("1,", 60_000)) + "1]").Faults).Code);
        var laughs = "a: &a [x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range('b', 8).Select(static c => $"{(char)c}: &{(char)c} [{string.Join(',', Enumerable.Repeat("*" + (char)(c - 1), 9))}]\n"));
        Assert.Equal("yaml_anchor", Assert.Single(CapsuleReader.Read(laughs).Faults).Code);
    }

    [Fact]
    public void Yaml_and_json_of_the_same_capsule_have_one_digest()
    {
        var yaml = CapsuleReader.Read(Head + "inputs:\n  - {name: n, type: number, default: 1.50}\n" + Step);
        var text = CapsuleReader.Read("""{"workflow":{"steps":[{"action":"flow.set","name":"A"}]},"summary":"A capsule that a test made.","version":"1.0.0","inputs":[{"default":1.5,"type":"number","name":"n"}],"id":"sample"}""");
        using var document = JsonDocument.Parse(yaml.Json!);
        var json = CapsuleReader.Read(document.RootElement);
        Assert.True(yaml.Passed && text.Passed && json.Passed);
        Assert.Equal(yaml.Capsule!.Digest, text.Capsule!.Digest);
        Assert.Equal(yaml.Capsule.Digest, json.Capsule!.Digest);
        Assert.Equal(yaml.Json, json.Json);
        Assert.NotEqual(yaml.Capsule.Digest, CapsuleReader.Read(Head.Replace("1.0.0", "1.0.1", StringComparison.Ordinal) + Step).Capsule!.Digest);
    }

    [Fact]
    public void The_older_names_of_keys_mean_the_same()
    {
        var reading = CapsuleReader.Read("capsule_id: older\nversion: v1.2.3\nsummary: As the ancestor wrote it down.\npersona_shot: writer\nexecution: {steps: [{name: A, action: flow.set}]}\n");
        Assert.True(reading.Passed, string.Join('\n', reading.Faults));
        Assert.Equal(("older", "1.2.3", "writer"), (reading.Capsule!.Id, reading.Capsule.Version, reading.Capsule.Persona));
    }

    [Fact]
    public void Everything_of_a_step_arrives()
    {
        var step = CapsuleReader.Read(Head + "tools: [t]\nworkflow: {max_parallel: 9, steps: [{name: A, action: t.a}, {name: B, action: t.b, after: [A], when: 'true', for_each: '[1]', max_parallel: 3, retry: {attempts: 4, first: 1s, factor: 1.5, longest: 1m}, timeout: 90, optional: true, compensate: {action: t.c, params: {x: '{{ steps.B }}'}}}]}").Capsule!.Steps[1];
        Assert.Equal(("B", "t.b", "A", "true", "[1]", 3, true, 5), (step.Name, step.Action, Assert.Single(step.After), step.When, step.ForEach, step.MaxParallel, step.Optional, step.Line));
        Assert.Equal((4, TimeSpan.FromSeconds(1), 1.5, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(90)), (step.Retry.Attempts, step.Retry.First, step.Retry.Factor, step.Retry.Longest, step.TimeLimit));
        Assert.Equal(("t.c", """{"x":"{{ steps.B }}"}"""), (step.Compensate!.Action, step.Compensate.Params));
    }

    [Fact]
    public void Any_text_is_read_or_refused_with_a_place_and_never_anything_else()
    {
        var shipped = File.ReadAllText(Path.Combine(Root(), "capsules/workflows/project_bootstrap.yaml"));
        Gen.OneOf(
                Gen.String,
                Gen.Select(Gen.Int[0, shipped.Length - 1], Gen.Int[0, 40], Gen.String[0, 6]).Select((at, cut, put) => shipped.Remove(at, Math.Min(cut, shipped.Length - at)).Insert(at, put)),
                Gen.Int[0, Pieces.Length - 1].Select(static at => Pieces[at]).Array[0, 30].Select(static parts => string.Concat(parts)))
            .Sample(
                text =>
                {
                    var reading = CapsuleReader.Read(text);
                    Assert.True(reading.Passed || reading.Faults.Count > 0);
                    var lines = text.Split('\n').Length;
                    Assert.All(reading.Faults, fault => Assert.True(fault.Line >= 1 && fault.Line <= lines + 1 && fault.Column >= 1, fault.ToString()));
                },
                iter: 4000, writeLine: TestContext.Current.TestOutputHelper!.WriteLine);
    }

    private static string Root()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "SomaStack.slnx"))) return at.FullName;
        throw new DirectoryNotFoundException("The checkout was not found.");
    }
}
