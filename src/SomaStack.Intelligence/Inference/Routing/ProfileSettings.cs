using System.Globalization;
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

    /// <summary>At most so many tokens for each answer: a higher limit is lowered, one that is missing is put in.</summary>
    /// <param name="body">A JSON object with at least one field.</param>
    public static ReadOnlyMemory<byte> Cap(ReadOnlyMemory<byte> body, WireFormat format, ProviderKind kind, long most)
    {
        var edits = new BodyEdits();
        var limited = false;
        var reader = new Utf8JsonReader(body.Span);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isLimit = IsLimit(ref reader);
            reader.Read();
            if (isLimit)
            {
                limited = true;
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var limit) || limit > most)
                    edits.Replace((int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex), Encoding.UTF8.GetBytes(most.ToString(CultureInfo.InvariantCulture)));
            }
            reader.Skip();
        }
        if (!limited) edits.Replace(body.Span.IndexOf((byte)'{') + 1, 0, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\"{LimitOf(format, kind)}\":{most},")));
        return edits.Apply(body);
    }

    private static bool IsLimit(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("max_tokens"u8) || reader.ValueTextEquals("max_completion_tokens"u8) || reader.ValueTextEquals("max_output_tokens"u8);

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
            limit |= IsLimit(ref reader);
            reader.Read();
            reader.Skip();
        }
        return (temperature, limit);
    }
}
