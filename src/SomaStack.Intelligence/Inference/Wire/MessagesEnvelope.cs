using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>What the gateway must know of a Messages request, read in one pass; the rest is forwarded byte for byte.</summary>
internal sealed record MessagesEnvelope(string? Model, bool Stream, long? OutputTokensMax) : Envelope(Model, Stream, true, OutputTokensMax, 1)
{
    /// <summary>The model's name with its quotes; length 0 when the request names none.</summary>
    private (int Start, int Length) _modelAt;

    private bool _isEmpty;

    /// <summary>The caller's <c>anthropic-version</c>: the answer has that version's shape.</summary>
    public string? Version { get; init; }

    /// <summary>The caller's <c>anthropic-beta</c>.</summary>
    public string? Beta { get; init; }

    /// <summary>The caller asked with <c>?beta=true</c>, as the official clients do for what is in beta.</summary>
    public bool IsBeta { get; init; }

    /// <exception cref="Problem">400 when it is no JSON object, 422 when a field that we read has the wrong type or stands twice.</exception>
    public static MessagesEnvelope Read(ReadOnlySpan<byte> body)
    {
        var fields = new Fields();
        try
        {
            var reader = new Utf8JsonReader(body);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw PlatformProblems.MalformedRequest.Because("The body is not a JSON object.");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName) fields.Read(ref reader);
            while (reader.Read())
            {
            }
        }
        catch (JsonException exception)
        {
            throw PlatformProblems.MalformedRequest.Because($"The body is not valid JSON (line {exception.LineNumber + 1}).", exception);
        }
        catch (InvalidOperationException exception)
        {
            // The reader's word for an escape that is half a surrogate pair.
            throw PlatformProblems.MalformedRequest.Because("The body holds text that is not well-formed Unicode.", exception);
        }
        return new MessagesEnvelope(fields.Model, fields.Stream, fields.Limit) { _modelAt = fields.ModelAt, _isEmpty = !fields.Any };
    }

    public override ReadOnlyMemory<byte> Forward(ReadOnlyMemory<byte> body, string model)
    {
        if (Model == model) return body;
        var edits = new BodyEdits();
        var name = $"\"{JsonEncodedText.Encode(model)}\"";
        if (_modelAt.Length > 0) edits.Replace(_modelAt.Start, _modelAt.Length, Encoding.UTF8.GetBytes(name));
        else edits.Replace(body.Span.IndexOf((byte)'{') + 1, 0, Encoding.UTF8.GetBytes($"\"model\":{name}{(_isEmpty ? "" : ",")}"));
        return edits.Apply(body);
    }

    public override void Prepare(HttpRequestMessage request)
    {
        if (Version is { } version)
        {
            request.Headers.Remove("anthropic-version");
            request.Headers.TryAddWithoutValidation("anthropic-version", version);
            // The clients of later versions send their key as a bearer token.
            if (string.CompareOrdinal(version, Provider.AnthropicVersion) > 0 && request.Headers.TryGetValues("x-api-key", out var keys))
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", keys.First());
                request.Headers.Remove("x-api-key");
            }
        }
        if (Beta is { } beta) request.Headers.TryAddWithoutValidation("anthropic-beta", beta);
        if (IsBeta) request.RequestUri = new Uri(request.RequestUri!.AbsoluteUri + "?beta=true");
    }

    private ref struct Fields
    {
        private bool _modelSeen;
        private bool _streamSeen;
        private bool _limitSeen;

        public string? Model;
        public bool Stream;
        public long? Limit;
        public (int Start, int Length) ModelAt;
        public bool Any;

        public void Read(ref Utf8JsonReader reader)
        {
            Any = true;
            if (reader.ValueTextEquals("model"u8)) ReadModel(ref reader);
            else if (reader.ValueTextEquals("stream"u8)) ReadStream(ref reader);
            else if (reader.ValueTextEquals("max_tokens"u8)) ReadLimit(ref reader);
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        private void ReadModel(ref Utf8JsonReader reader)
        {
            Once(ref _modelSeen, "model");
            reader.Read();
            ModelAt = ((int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex));
            if (reader.TokenType == JsonTokenType.Null) return;
            if (reader.TokenType != JsonTokenType.String) throw Problem.Invalid("model", "must be a string");
            Model = reader.GetString()!;
            if (Model.Length is 0 or > 256) throw Problem.Invalid("model", "must have 1 to 256 characters");
        }

        private void ReadStream(ref Utf8JsonReader reader)
        {
            Once(ref _streamSeen, "stream");
            reader.Read();
            if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null)) throw Problem.Invalid("stream", "must be true or false");
            Stream = reader.TokenType == JsonTokenType.True;
        }

        private void ReadLimit(ref Utf8JsonReader reader)
        {
            Once(ref _limitSeen, "max_tokens");
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null) return;
            Limit = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) && number is >= 0 and <= int.MaxValue
                ? number
                : throw Problem.Invalid("max_tokens", $"must be a whole number from 0 to {int.MaxValue}");
        }

        private static void Once(ref bool seen, string field)
        {
            if (seen) throw Problem.Invalid(field, "is given twice");
            seen = true;
        }
    }
}
