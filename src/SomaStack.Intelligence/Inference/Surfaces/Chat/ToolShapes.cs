using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>A function that the caller offers; the model may ask for it, and the caller runs it.</summary>
internal sealed class OfferedTool(string name, string? description, JsonElement schema, bool? strict) : AIFunctionDeclaration
{
    private static readonly JsonElement NoArguments = JsonElement.Parse("""{"type":"object","properties":{}}""");

    public override string Name => name;

    public override string Description => description ?? "";

    public override JsonElement JsonSchema => schema.ValueKind == JsonValueKind.Object ? schema : NoArguments;

    public override IReadOnlyDictionary<string, object?> AdditionalProperties { get; } =
        strict is { } value ? new Dictionary<string, object?>(StringComparer.Ordinal) { ["strict"] = value } : new Dictionary<string, object?>(StringComparer.Ordinal);

    /// <param name="function">The object that holds name, description, parameters and strict.</param>
    public static OfferedTool Read(JsonField function) =>
        new(function["name"].NeededName(), function["description"].Text(), function["parameters"].Object(), function["strict"].Flag());
}

/// <summary>What the chat and the responses surface read and write in the same way.</summary>
internal static class ToolShapes
{
    private static readonly JsonSerializerOptions Compact = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false };

    /// <summary>Arguments as the model wrote them: JSON text of an object. Empty text is an empty object, as some models write it.</summary>
    /// <exception cref="Problem">422 naming the field.</exception>
    public static Dictionary<string, object?> Arguments(JsonField field)
    {
        var text = field.Text();
        var arguments = new Dictionary<string, object?>(StringComparer.Ordinal);
        if (string.IsNullOrWhiteSpace(text)) return arguments;
        if (!JsonField.IsWellFormed(Encoding.UTF8.GetBytes(text))) throw field.Wrong("holds text that is not well-formed Unicode");
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw field.Wrong("must be the text of a JSON object");
            foreach (var property in document.RootElement.EnumerateObject()) arguments[property.Name] = property.Value.Clone();
            return arguments;
        }
        catch (JsonException)
        {
            throw field.Wrong("must be the text of a JSON object");
        }
    }

    /// <summary>JSON text of a call's arguments; empty when the provider's client could not read what the model wrote.</summary>
    public static string Arguments(FunctionCallContent call) => call.Arguments is { } arguments
        ? JsonSerializer.Serialize(arguments, Compact.GetTypeInfo(typeof(IDictionary<string, object?>)))
        : call.Exception is null ? "{}" : "";

    /// <param name="choice"><c>none</c>, <c>auto</c>, <c>required</c>, or an object of type function.</param>
    /// <param name="named">Where the name of that function stands.</param>
    public static ChatToolMode? Mode(JsonField choice, Func<JsonField, JsonField> named)
    {
        if (!choice.IsThere) return null;
        if (choice.IsText)
            return choice.Text() switch
            {
                "none" => ChatToolMode.None,
                "auto" => ChatToolMode.Auto,
                "required" => ChatToolMode.RequireAny,
                _ => throw choice.Wrong("must be none, auto, required or a function"),
            };
        return choice["type"].NeededText() == "function" ? ChatToolMode.RequireSpecific(named(choice).NeededName()) : throw choice["type"].Wrong("must be function for this model");
    }

    public static ReasoningOptions? Reasoning(JsonField effort) => effort.Text() switch
    {
        null => null,
        "none" => new ReasoningOptions { Effort = ReasoningEffort.None },
        "minimal" or "low" => new ReasoningOptions { Effort = ReasoningEffort.Low },
        "medium" => new ReasoningOptions { Effort = ReasoningEffort.Medium },
        "high" => new ReasoningOptions { Effort = ReasoningEffort.High },
        "xhigh" => new ReasoningOptions { Effort = ReasoningEffort.ExtraHigh },
        _ => throw effort.Wrong("must be none, minimal, low, medium, high or xhigh"),
    };

    /// <param name="schema">Where name, description and schema stand.</param>
    public static ChatResponseFormat? Format(JsonField format, Func<JsonField, JsonField> schema)
    {
        if (!format.IsThere) return null;
        switch (format["type"].NeededText())
        {
            case "text": return ChatResponseFormat.Text;
            case "json_object": return ChatResponseFormat.Json;
            case "json_schema":
                var of = schema(format);
                var name = of["name"].NeededName();
                var shape = of["schema"];
                return shape.IsThere ? ChatResponseFormat.ForJsonSchema(shape.Object(), name, of["description"].Text()) : throw shape.Wrong("must be an object");
            default: throw format["type"].Wrong("must be text, json_object or json_schema");
        }
    }

    /// <summary>An image by its address, or in the request itself as a data URL.</summary>
    public static AIContent Image(JsonField url)
    {
        var address = url.NeededText();
        if (!address.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
            return Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
                ? new UriContent(new Uri(address, UriKind.Absolute), ImageTypeOf(address))
                : throw url.Wrong("must be an http, https or data URL");
        return Data(url, address);
    }

    public static DataContent Data(JsonField field, string url)
    {
        try
        {
            return new DataContent(url, null);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            throw field.Wrong("must be a well-formed data URL");
        }
    }

    /// <summary>A refusal is told by the clients as an error of that name.</summary>
    public static bool IsRefusal(ErrorContent error) => string.Equals(error.ErrorCode, "Refusal", StringComparison.OrdinalIgnoreCase);

    private static string ImageTypeOf(string address) => Path.GetExtension(new Uri(address).AbsolutePath).ToUpperInvariant() switch
    {
        ".PNG" => "image/png",
        ".JPG" or ".JPEG" => "image/jpeg",
        ".GIF" => "image/gif",
        ".WEBP" => "image/webp",
        _ => "image/*",
    };
}
