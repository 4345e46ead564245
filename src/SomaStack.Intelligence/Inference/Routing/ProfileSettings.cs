using System.Text;
using System.Text.Json;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>A profile's temperature and limit in a request that sets none itself; every other byte stays as it came. Pure.</summary>
internal static class ProfileSettings
{
    /// <param name="body">A JSON object with at least one field.</param>
    public static ReadOnlyMemory<byte> Apply(ReadOnlyMemory<byte> body, WireFormat format, ProviderKind kind, ModelProfile profile)
    {
        if (profile.Temperature is null && profile.MaxTokens is null) return body;
        var (temperature, limit) = Look(body.Span);
        var added = new StringBuilder();
        if (profile.Temperature is { } value && !temperature) added.Append("\"temperature\":").Append(CanonicalJson.Number(value)).Append(',');
        if (profile.MaxTokens is { } most && !limit) added.Append('"').Append(LimitOf(format, kind)).Append("\":").Append(most).Append(',');
        if (added.Length == 0) return body;
        var edits = new BodyEdits();
        edits.Replace(body.Span.IndexOf((byte)'{') + 1, 0, Encoding.UTF8.GetBytes(added.ToString()));
        return edits.Apply(body);
    }

    /// <summary>OpenAI's newer models refuse max_tokens, most other servers know nothing else.</summary>
    private static string LimitOf(WireFormat format, ProviderKind kind) => format switch
    {
        WireFormat.Responses => "max_output_tokens",
        WireFormat.Chat when kind == ProviderKind.OpenAi => "max_completion_tokens",
        _ => "max_tokens",
    };

    private static (bool Temperature, bool Limit) Look(ReadOnlySpan<byte> body)
    {
        var (temperature, limit) = (false, false);
        var reader = new Utf8JsonReader(body);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            temperature |= reader.ValueTextEquals("temperature"u8);
            limit |= reader.ValueTextEquals("max_tokens"u8) || reader.ValueTextEquals("max_completion_tokens"u8) || reader.ValueTextEquals("max_output_tokens"u8);
            reader.Read();
            reader.Skip();
        }
        return (temperature, limit);
    }
}
