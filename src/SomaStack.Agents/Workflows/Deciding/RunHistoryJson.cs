using System.Text.Json;
using System.Text.Json.Serialization;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// Events and inputs as they are stored. Names of types and fields are for ever: histories of every released version are read by them. A
/// new field needs a default that means what its absence meant; the generated reader sets what is absent to null or zero, whatever the
/// initializer says, so the getter has to give it.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    IgnoreReadOnlyProperties = true,
    Converters = [typeof(SnakeCaseEnum<RunStatus>), typeof(SnakeCaseEnum<StepStatus>), typeof(SnakeCaseEnum<RunPhase>)])]
[JsonSerializable(typeof(RunEvent))]
[JsonSerializable(typeof(IReadOnlyList<RunEvent>))]
[JsonSerializable(typeof(RunInput))]
[JsonSerializable(typeof(IReadOnlyList<RunInput>))]
internal sealed partial class RunHistoryJson : JsonSerializerContext;

internal sealed class SnakeCaseEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) where T : struct, Enum;

/// <summary>Text that is JSON stands as JSON, so that a history can be read and is not escaped twice.</summary>
internal sealed class RawJson : JsonConverter<string>
{
    /// <summary>JSON's null is a value here; no value is left out.</summary>
    public override bool HandleNull => true;

    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Null) return "null";
        using var document = JsonDocument.ParseValue(ref reader);
        return document.RootElement.GetRawText();
    }

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteRawValue(value);
}

internal sealed class RawJsonList : JsonConverter<IReadOnlyList<string>>
{
    public override IReadOnlyList<string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return [.. document.RootElement.EnumerateArray().Select(static item => item.GetRawText())];
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<string> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var item in value) writer.WriteRawValue(item);
        writer.WriteEndArray();
    }
}
