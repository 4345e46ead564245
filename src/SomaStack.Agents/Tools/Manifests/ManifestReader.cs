using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>A manifest as it was read, with the one text and the one digest that it has (RFC 8785).</summary>
/// <param name="Text">Canonical JSON; what is stored, signed and hashed.</param>
/// <param name="Digest">Lower-hex SHA-256 of it.</param>
internal sealed record ReadManifest(Manifest Manifest, string Text, string Digest);

/// <summary>Reads a manifest strictly: unknown fields, sizes and depth are refused, every fault by its JSON pointer. Pure.</summary>
internal static partial class ManifestReader
{
    public const int BytesMax = 512 << 10;
    public const int ActionsMax = 200;
    public const int TimeoutMax = 600;

    private const int DepthMax = 48;
    private const int ErrorsShown = 50;

    /// <summary>The ledger's one currency; a price in another could not be held by a budget.</summary>
    public const string Currency = "USD";

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = DepthMax };

    /// <exception cref="Problem">422 <c>manifest_invalid</c> with all field errors.</exception>
    public static ReadManifest Read(string json)
    {
        if (Encoding.UTF8.GetByteCount(json) > BytesMax) throw Invalid([new FieldError("/", $"has more than {BytesMax} bytes")]);
        try
        {
            var text = CanonicalJson.Canonicalize(json);
            using var document = JsonDocument.Parse(text, Options);
            var errors = new List<FieldError>();
            var manifest = Read(document.RootElement.Clone(), errors);
            if (errors.Count > 0) throw Invalid(errors);
            return new ReadManifest(manifest, text, TextDigest.Of(text));
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            throw Invalid([new FieldError("/", $"is no I-JSON, or nested more than {DepthMax} deep")]);
        }
    }

    public static Problem Invalid(IReadOnlyList<FieldError> errors) =>
        new(ToolProblems.ManifestInvalid, string.Join(" ", errors.Take(5).Select(static error => $"'{error.Field}' {error.Message}."))) { Errors = [.. errors.Take(ErrorsShown)] };

    /// <returns>Billionths; null for what is no price.</returns>
    public static long? Nanos(string price) => PriceText().IsMatch(price) && decimal.TryParse(price, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
        ? (long)(amount * 1_000_000_000m) : null;

    public static bool IsId(string id) => IdText().IsMatch(id);

    private static Manifest Read(JsonElement root, List<FieldError> errors)
    {
        var read = new StrictObject(root, "", errors, "id", "version", "kind", "summary", "actions", "permissions", "egress", "limits", "billing", "settings");
        var id = read.Text("id", 1, 64);
        if (id.Length > 0 && !IsId(id)) read.Wrong("id", "must begin with a letter and hold a to z, 0 to 9, _ and - only");
        var version = read.Text("version", 1, 64);
        if (version.Length > 0 && !VersionText().IsMatch(version)) read.Wrong("version", "must be a semantic version such as 1.0.0");
        var kind = read.Text("kind", 1, 32);
        var summary = read.Text("summary", 1, 500);
        var actions = read.Items("actions", ActionsMax, 1).Select(item => Action(item.Value, item.At, errors)).ToList();
        foreach (var twice in actions.GroupBy(static action => action.Name, StringComparer.Ordinal).Where(static group => group.Key.Length > 0 && group.Count() > 1))
            read.Wrong("actions", $"names '{twice.Key}' twice");
        var permissions = read.Texts("permissions", 100, 100);
        var egress = read.Texts("egress", 50, 300);
        for (var i = 0; i < egress.Count; i++)
            if (!IsOrigin(egress[i])) errors.Add(new FieldError($"/egress/{i}", "must be an origin such as https://api.example.com, without a path"));
        return new Manifest(id, version, kind, summary, actions, permissions, egress, Limits(read, errors), Billing(read, errors), read.Object("settings") ?? Empty);
    }

    private static ManifestAction Action(JsonElement value, string at, List<FieldError> errors)
    {
        var read = new StrictObject(value, at, errors, "name", "description", "input", "output", "risk", "read_only", "idempotent", "settings");
        var name = read.Text("name", 1, 128);
        if (name.Length > 0 && !ActionText().IsMatch(name)) read.Wrong("name", "must hold letters, digits, _, . and - only");
        var readOnly = read.Flag("read_only", false);
        return new ManifestAction(
            name, read.Text("description", 1, 4000), Schema(read, "input", at, errors, required: true) ?? Empty, Schema(read, "output", at, errors, required: false),
            read.OneOf("risk", "low", "medium", "high"), readOnly, read.Flag("idempotent", readOnly), read.Object("settings"));
    }

    private static JsonElement? Schema(StrictObject read, string name, string at, List<FieldError> errors, bool required)
    {
        if (read.Object(name, required) is not { } schema) return null;
        errors.AddRange(ActionSchema.Faults(schema, StrictObject.Pointer(at, name)));
        if (required && !(schema.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.GetString() == "object"))
            read.Wrong(name, "must have the type object: arguments are an object");
        return schema;
    }

    private static ManifestLimits Limits(StrictObject read, List<FieldError> errors)
    {
        var usual = new ManifestLimits();
        if (read.Object("limits") is not { } limits) return usual;
        var one = new StrictObject(limits, "/limits", errors, "per_minute", "timeout_seconds", "output_bytes", "memory_megabytes", "cpu_seconds", "processes");
        return new ManifestLimits(
            one.Whole("per_minute", usual.PerMinute, 1, 6000), one.Whole("timeout_seconds", usual.TimeoutSeconds, 1, TimeoutMax), one.Whole("output_bytes", usual.OutputBytes, 256, 16 << 20),
            one.Whole("memory_megabytes", usual.MemoryMegabytes, 1, 4096), one.Whole("cpu_seconds", usual.CpuSeconds, 1, TimeoutMax), one.Whole("processes", usual.Processes, 1, 256));
    }

    private static ManifestBilling? Billing(StrictObject read, List<FieldError> errors)
    {
        if (read.Object("billing") is not { } billing) return null;
        var one = new StrictObject(billing, "/billing", errors, "service", "cost_per_call", "currency");
        var cost = one.Text("cost_per_call", 1, 32);
        if (cost.Length > 0 && Nanos(cost) is null) one.Wrong("cost_per_call", "must be a decimal such as 0.002 with at most nine places");
        var currency = one.Text("currency", 3, 3);
        if (currency.Length > 0 && currency != Currency) one.Wrong("currency", $"must be {Currency}, the ledger's currency");
        return new ManifestBilling(one.Text("service", 1, 100), cost, currency);
    }

    /// <summary>With the port that a default would not say; user names, paths and questions have no place in an origin.</summary>
    private static bool IsOrigin(string text) => Uri.TryCreate(text, UriKind.Absolute, out var origin) && (origin.Scheme is "http" or "https") && origin.Host.Length > 0
        && origin.UserInfo.Length == 0 && origin.GetLeftPart(UriPartial.Authority) == text;

    private static readonly JsonElement Empty = JsonDocument.Parse("{}").RootElement.Clone();

    [GeneratedRegex(@"\A[a-z][a-z0-9_-]{0,63}\z")]
    private static partial Regex IdText();

    [GeneratedRegex(@"\A[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}(?:[-+][0-9A-Za-z.+-]{1,30})?\z")]
    private static partial Regex VersionText();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\z")]
    private static partial Regex ActionText();

    [GeneratedRegex(@"\A[0-9]{1,9}(?:\.[0-9]{1,9})?\z")]
    private static partial Regex PriceText();
}
