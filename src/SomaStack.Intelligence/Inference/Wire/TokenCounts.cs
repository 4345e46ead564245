using System.Text.Json;

namespace SomaStack.Intelligence.Inference;

/// <summary>Reads token counts, which are whole and not negative; what is neither is no count.</summary>
internal static class TokenCounts
{
    /// <summary>The value that comes next; null when it is no count.</summary>
    public static long? Count(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var count) && count >= 0) return count;
        reader.Skip();
        return null;
    }

    /// <summary>The count of this name in the object that comes next; null when there is none.</summary>
    public static long? Detail(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }
        long? count = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals(name)) count = Count(ref reader);
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        return count;
    }
}
