using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// A program of this machine behind the walls. Settings, of the adapter or of an action: <c>command</c> (an absolute path), <c>args</c> (templates),
/// <c>stdin</c> (a template, or <c>arguments</c> for all of them as JSON), <c>environment</c>, <c>secrets</c> (variable: secret), <c>workspace</c> (none, read or
/// write), <c>output</c> (text or json), <c>exit_codes</c> (what counts as success).
/// </summary>
internal sealed partial class ProcessKind(Bubblewrap walls, Workspaces workspaces) : IAdapterKind
{
    private static readonly string[] Shells = ["sh", "bash", "dash", "zsh", "ksh", "busybox", "fish", "ash"];

    public string Kind => "process";

    public string? Unavailable => walls.Unavailable;

    public IReadOnlyList<FieldError> Check(Manifest manifest)
    {
        var errors = new List<FieldError>(ProcessChecks.Limits(manifest));
        foreach (var action in manifest.Actions) errors.AddRange(CheckAction(manifest, action));
        return errors;
    }

    private static IEnumerable<FieldError> CheckAction(Manifest manifest, ManifestAction action)
    {
        var at = $"actions.{action.Name}.settings";
        var command = Given.Setting(manifest, action, "command") is { ValueKind: JsonValueKind.String } text ? text.GetString()! : null;
        if (command is null || !AbsoluteProgram().IsMatch(command) || command.Split('/').Contains("..")) yield return new FieldError($"{at}.command", "must be the absolute path of a program below /usr, or below /workspace");
        var templates = Templates(manifest, action);
        if (templates is null) yield return new FieldError($"{at}.args", "must be a list of texts");
        else
        {
            foreach (var template in templates)
                if (template.Fault() is { } fault) yield return new FieldError($"{at}.args", $"'{template.Text}' {fault}");
            // Whatever a value holds would be read as a script.
            if (command is not null && Shells.Contains(Path.GetFileName(command)) && ScriptOf(templates) is { HasPlaceholder: true })
                yield return new FieldError($"{at}.args", "puts a value into a shell's script; give it as an argument of the script (\"$1\") instead");
        }
        if (Given.Setting(manifest, action, "workspace") is { } workspace && (workspace.ValueKind != JsonValueKind.String || workspace.GetString() is not ("none" or "read" or "write")))
            yield return new FieldError($"{at}.workspace", "must be none, read or write");
        if (Given.Setting(manifest, action, "output") is { } output && (output.ValueKind != JsonValueKind.String || output.GetString() is not ("text" or "json"))) yield return new FieldError($"{at}.output", "must be text or json");
        foreach (var setting in (string[])["environment", "secrets"])
            if (Given.Setting(manifest, action, setting) is { } map && !IsMapOfTexts(map)) yield return new FieldError($"{at}.{setting}", "must map names of variables (A-Z, 0-9, _) to texts");
        if (Given.Setting(manifest, action, "exit_codes") is { } codes && !IsListOfNumbers(codes))
            yield return new FieldError($"{at}.exit_codes", "must be a list of numbers");
    }

    public async Task<AdapterAnswer> ExecuteAsync(AdapterCall call, CancellationToken cancellationToken)
    {
        if (Unavailable is { } reason) throw ToolProblems.Unavailable.Because(reason);
        var templates = Templates(call.Manifest, call.Action) ?? [];
        var access = Text(call, "workspace") ?? "none";
        using var workspace = access == "none" ? null : await workspaces.OpenAsync(call.Context.Tenant, call.Call.Workspace, cancellationToken);
        var command = new SandboxCommand(Text(call, "command")!, ArgumentTemplate.Fill(templates, call.Arguments), SandboxLimits.Of(call.Manifest, call.Call.TimeLimit))
        {
            Workspace = workspace,
            WorkspaceReadOnly = access == "read",
            Environment = Environment(call),
            Input = Input(call),
        };
        return Answer(call, ProcessChecks.Without(await walls.RunAsync(command, cancellationToken), call.Secrets));
    }

    private static AdapterAnswer Answer(AdapterCall call, SandboxResult result)
    {
        ProcessChecks.OrThrow(result);
        int[] good = Given.Setting(call.Manifest, call.Action, "exit_codes") is { ValueKind: JsonValueKind.Array } codes ? [.. codes.EnumerateArray().Select(static code => code.GetInt32())] : [0];
        var failed = !good.Contains(result.ExitCode);
        var program = ProcessChecks.Told(result);
        if (!failed && Text(call, "output") == "json")
        {
            if (program.Stdout is { } json && !result.Truncated && IsJson(json)) return new AdapterAnswer(false, json, json);
            return new AdapterAnswer(true, "The program promised JSON and wrote something else:\n" + ProcessChecks.Words(program), null, result.Truncated);
        }
        return new AdapterAnswer(failed, ProcessChecks.Words(program), JsonSerializer.Serialize(program, SandboxJson.Default.ProgramResult), result.Truncated);
    }

    private static bool IsJson(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 64 });
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static Dictionary<string, string> Environment(AdapterCall call)
    {
        var environment = new Dictionary<string, string>();
        if (Given.Setting(call.Manifest, call.Action, "environment") is { ValueKind: JsonValueKind.Object } set)
            foreach (var variable in set.EnumerateObject()) environment[variable.Name] = variable.Value.GetString()!;
        if (Given.Setting(call.Manifest, call.Action, "secrets") is { ValueKind: JsonValueKind.Object } secrets)
            foreach (var variable in secrets.EnumerateObject())
                environment[variable.Name] = call.Secrets.TryGetValue(variable.Value.GetString()!, out var value) ? value
                    : throw ToolProblems.SecretMissing.Because($"The secret '{variable.Value.GetString()}' is not bound to the adapter.");
        return environment;
    }

    private static byte[] Input(AdapterCall call) => Text(call, "stdin") switch
    {
        null => [],
        "arguments" => Encoding.UTF8.GetBytes(call.Arguments.GetRawText()),
        var template => Encoding.UTF8.GetBytes(ArgumentTemplate.Fill([new ArgumentTemplate("--"), new ArgumentTemplate(template)], call.Arguments) is [_, var text] ? text : ""),
    };

    private static string? Text(AdapterCall call, string name) => Given.Setting(call.Manifest, call.Action, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static IReadOnlyList<ArgumentTemplate>? Templates(Manifest manifest, ManifestAction action)
    {
        if (Given.Setting(manifest, action, "args") is not { } list) return [];
        if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(static item => item.ValueKind != JsonValueKind.String)) return null;
        return [.. list.EnumerateArray().Select(static item => new ArgumentTemplate(item.GetString()!))];
    }

    private static ArgumentTemplate? ScriptOf(IReadOnlyList<ArgumentTemplate> templates)
    {
        for (var i = 0; i + 1 < templates.Count; i++)
            if (ScriptOption().IsMatch(templates[i].Text)) return templates[i + 1];
        return null;
    }

    private static bool IsListOfNumbers(JsonElement list) => list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(static code => code.ValueKind == JsonValueKind.Number && code.TryGetInt32(out _));

    private static bool IsMapOfTexts(JsonElement map) => map.ValueKind == JsonValueKind.Object && map.EnumerateObject().All(static variable =>
        VariableName().IsMatch(variable.Name) && variable.Value.ValueKind == JsonValueKind.String && !variable.Value.GetString()!.Contains('\0', StringComparison.Ordinal));

    [GeneratedRegex("^/(?:usr|bin|sbin|workspace)/[^\0{}]+$")]
    private static partial Regex AbsoluteProgram();

    [GeneratedRegex("^-[a-zA-Z]*c$")]
    private static partial Regex ScriptOption();

    [GeneratedRegex("^[A-Z_][A-Z0-9_]{0,99}$")]
    private static partial Regex VariableName();
}
