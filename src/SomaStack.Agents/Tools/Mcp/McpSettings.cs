using System.Text.Json;
using System.Text.Json.Serialization;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>The <c>settings</c> of a manifest of kind <c>mcp</c>.</summary>
/// <param name="Transport"><c>stdio</c> or <c>http</c>.</param>
/// <param name="Protocol">Version that was negotiated at the import; null to find out at every connection.</param>
/// <param name="Tools">Digest of every tool that the server had when it was imported, by name; see <see cref="ToolPins"/>.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record McpSettings(string? Transport = null, string? Protocol = null, IReadOnlyDictionary<string, string>? Tools = null)
{
    /// <summary>stdio: the program, as the operator names it in <c>SOMA_MCP_COMMANDS</c>.</summary>
    public string? Command { get; init; }

    /// <remarks>The generated reader sets what is absent to null, not to what stands here.</remarks>
    public IReadOnlyList<string> Args { get; init => field = value ?? []; } = [];

    /// <summary>stdio: the whole environment beside PATH, HOME and LANG. Nothing of ours is passed on.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init => field = value ?? None; } = None;

    /// <summary>stdio: environment variables that take their value from a secret bound to the adapter.</summary>
    public IReadOnlyDictionary<string, string> SecretEnv { get; init => field = value ?? None; } = None;

    /// <summary>http: the MCP endpoint; its origin stands in the manifest's egress.</summary>
    public string? Url { get; init; }

    /// <summary>http: name of the secret that is sent as bearer token; null for none. A caller's own token is never passed on.</summary>
    public string? Bearer { get; init; }

    public const string Stdio = "stdio";
    public const string Http = "http";

    private static readonly Dictionary<string, string> None = [];

    private const int TextMax = 4096;
    private const int CountMax = 64;

    /// <exception cref="JsonException">They are not of this form.</exception>
    public static McpSettings Of(Manifest manifest) => manifest.Settings.Deserialize(McpJson.Default.McpSettings) ?? throw new JsonException("The settings are null.");

    /// <summary>What is wrong, by field. Pure.</summary>
    public static IReadOnlyList<FieldError> Check(Manifest manifest)
    {
        McpSettings settings;
        try
        {
            settings = Of(manifest);
        }
        catch (JsonException exception)
        {
            return [new FieldError("settings", "must have the form that docs/mcp.md shows: " + exception.Message)];
        }
        var errors = Check(settings, manifest.Egress);
        if (settings.Tools is not { Count: > 0 }) errors.Add(new FieldError("settings.tools", "must pin every tool of the server; POST /v1/adapters/import/mcp writes it"));
        for (var i = 0; i < manifest.Actions.Count; i++)
        {
            if (McpActionSettings.Of(manifest.Actions[i]) is not { } tool) errors.Add(new FieldError($"actions[{i}].settings.tool", "must name the server's tool"));
            else if (settings.Tools?.ContainsKey(tool) != true) errors.Add(new FieldError($"actions[{i}].settings.tool", "is not pinned in settings.tools"));
        }
        return errors;
    }

    /// <summary>The part that says how to reach the server.</summary>
    public static List<FieldError> Check(McpSettings settings, IReadOnlyList<string> egress)
    {
        var errors = new List<FieldError>();
        void Must(bool holds, string field, string message)
        {
            if (!holds) errors.Add(new FieldError("settings." + field, message));
        }
        Must(settings.Transport is Stdio or Http, "transport", "must be stdio or http");
        Must(settings.Protocol is null || settings.Protocol == McpProtocol.Modern || McpProtocol.Handshakes.Contains(settings.Protocol), "protocol", "is no version that is spoken here");
        if (settings.Transport == Stdio)
        {
            Must(settings.Command is { Length: > 0 and <= TextMax } && IsPlain(settings.Command), "command", "must name a program");
            Must(settings.Args.Count <= CountMax && settings.Args.All(static arg => arg is { Length: <= TextMax } && IsPlain(arg)), "args", "must be at most 64 arguments without control characters");
            Must(settings.Env.Count + settings.SecretEnv.Count <= CountMax && settings.Env.Keys.Concat(settings.SecretEnv.Keys).All(IsVariable), "env", "must be at most 64 variables, none of them one that changes how programs are loaded");
            Must(settings.Env.Values.All(static value => value is { Length: <= TextMax } && IsPlain(value)), "env", "must hold short texts without control characters");
            Must(settings.Url is null && settings.Bearer is null, "url", "belongs to the transport http");
        }
        if (settings.Transport == Http)
        {
            Must(Address(settings.Url) is not null, "url", "must be an http or https address without user name and fragment");
            Must(Address(settings.Url) is not { } url || egress.Any(origin => Address(origin) is { } allowed && Origin(allowed) == Origin(url)), "url", "must lie in an origin of the manifest's egress");
            Must(settings.Bearer is null or { Length: > 0 and <= 64 }, "bearer", "must be the name of a secret");
            Must(settings.Command is null && settings.Args.Count == 0 && settings.Env.Count == 0 && settings.SecretEnv.Count == 0, "command", "belongs to the transport stdio");
        }
        return errors;
    }

    public static Uri? Address(string? text)
    {
        if (text is not { Length: > 0 and <= 2000 } || text.Any(static c => c <= ' ' || c is '\\' or '\x7f') || !Uri.TryCreate(text, UriKind.Absolute, out var url)) return null;
        return url.Scheme is "http" or "https" && url.UserInfo.Length == 0 && url.Fragment.Length == 0 && url.Host.Length > 0 ? url : null;
    }

    public static string Origin(Uri url) => url.GetLeftPart(UriPartial.Authority).ToLowerInvariant();

    private static bool IsPlain(string text) => !text.Any(char.IsControl);

    /// <summary>A loader's variable in a manifest would run code of its choice inside an allowed program.</summary>
    private static bool IsVariable(string name) =>
        name is { Length: > 0 and <= 128 } && name.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_') && !char.IsAsciiDigit(name[0])
        && !name.StartsWith("LD_", StringComparison.OrdinalIgnoreCase) && !name.StartsWith("DYLD_", StringComparison.OrdinalIgnoreCase) && !name.StartsWith("DOTNET_", StringComparison.OrdinalIgnoreCase)
        && name.ToUpperInvariant() is not ("PATH" or "HOME" or "LANG" or "NODE_OPTIONS" or "NODE_PATH" or "PYTHONPATH" or "PYTHONSTARTUP" or "BASH_ENV" or "ENV" or "IFS" or "PERL5LIB" or "RUBYOPT");
}

/// <summary>The <c>settings</c> of one action: the server's own name of the tool, which may have characters that ours has not.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record McpActionSettings(string? Tool = null)
{
    public static string? Of(ManifestAction action)
    {
        try
        {
            return action.Settings is { ValueKind: JsonValueKind.Object } settings ? settings.Deserialize(McpJson.Default.McpActionSettings)?.Tool : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(McpSettings))]
[JsonSerializable(typeof(McpActionSettings))]
[JsonSerializable(typeof(ImportMcp.Request), TypeInfoPropertyName = "ImportMcpRequest")]
[JsonSerializable(typeof(ImportMcp.Response), TypeInfoPropertyName = "ImportMcpResponse")]
internal sealed partial class McpJson : JsonSerializerContext;
