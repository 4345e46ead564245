using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// Actions that are requests of an HTTP interface. They leave by the guarded exit alone, to the origins that the manifest names, redirects
/// included; an address off the public internet needs the operator's word too (<c>SOMA_OUTGOING_ALLOW</c>).
/// </summary>
internal sealed partial class HttpKind : IAdapterKind, IDisposable
{
    public const string Name = "http";

    /// <summary>The kind's own caps; a manifest's are smaller.</summary>
    private static readonly OutgoingLimits Limits = new(TimeSpan.FromSeconds(ManifestReader.TimeoutMax), 17 << 20);

    private readonly HttpClient _http;
    private readonly IReadOnlyList<Uri> _allowed;

    public HttpKind(SomaOptions options)
    {
        _allowed = [.. options.OutgoingAllow.Select(static text => new Uri(text))];
        _http = OutgoingHttp.Create(Limits, _allowed);
    }

    public string Kind => Name;

    public string? Unavailable => null;

    public IReadOnlyList<FieldError> Check(Manifest manifest)
    {
        var errors = new List<FieldError>();
        HttpSettings.Read(manifest, errors);
        for (var i = 0; i < manifest.Actions.Count; i++) HttpAction.Read(manifest.Actions[i], $"/actions/{i}", errors);
        return errors;
    }

    public async Task<AdapterAnswer> ExecuteAsync(AdapterCall call, CancellationToken cancellationToken)
    {
        using var request = Request(call);
        request.Options.Set(OutgoingHttp.OnlyOrigins, call.Manifest.Egress);
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError)
        {
            throw ToolProblems.Unavailable.Because($"'{request.RequestUri!.GetLeftPart(UriPartial.Authority)}' could not be reached.", exception);
        }
        using (response) return await AnswerAsync(call, response, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(AdapterCall call)
    {
        var errors = new List<FieldError>();
        var (settings, action) = (HttpSettings.Read(call.Manifest, errors), HttpAction.Read(call.Action, "", errors));
        if (settings is null || errors.Count > 0) throw ManifestReader.Invalid(errors);
        var request = new HttpRequestMessage(new HttpMethod(action.Method), Address(settings.BaseUrl, action, call.Arguments));
        try
        {
            foreach (var (name, value) in settings.Headers) Add(request, name, WithSecrets(value, call, request.RequestUri!));
            foreach (var (name, argument) in action.Headers)
                if (call.Arguments.TryGetProperty(argument, out var value) && value.ValueKind != JsonValueKind.Null) Add(request, name, Plain(value, argument));
            request.Headers.TryAddWithoutValidation("User-Agent", "SomaStack");
            if (request.Headers.Accept.Count == 0) request.Headers.TryAddWithoutValidation("Accept", "application/json, */*;q=0.5");
            // So that a server which knows the header does nothing twice either. The key itself may name things inside.
            if (action.Method is "POST" or "PATCH") request.Headers.TryAddWithoutValidation("Idempotency-Key", Ids.Derive($"tool-call\n{call.Context.Tenant}\n{call.Call.Key}"));
            request.Content = Content(action, call.Arguments);
            return request;
        }
        catch
        {
            request.Dispose();
            throw;
        }
    }

    /// <summary>Values are escaped, so that none of them makes another path, question or host.</summary>
    internal static Uri Address(Uri baseUrl, HttpAction action, JsonElement arguments)
    {
        var path = action.Filled(name =>
        {
            var value = arguments.TryGetProperty(name, out var found) ? Plain(found, name) : throw Problem.Invalid(name, "is a part of the path, so it is needed");
            if (value is "" or "." or "..") throw Problem.Invalid(name, "is a part of the path and cannot be empty or made of dots alone");
            return Uri.EscapeDataString(value);
        });
        var question = new StringBuilder();
        foreach (var (name, argument) in action.Query)
        {
            if (!arguments.TryGetProperty(argument, out var value) || value.ValueKind == JsonValueKind.Null) continue;
            foreach (var one in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToArray() : [value])
                question.Append(question.Length == 0 ? '?' : '&').Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(Plain(one, argument)));
        }
        var start = baseUrl.AbsoluteUri.TrimEnd('/');
        var address = new Uri(start + path + question);
        if (address.GetLeftPart(UriPartial.Authority) != baseUrl.GetLeftPart(UriPartial.Authority) || !address.AbsoluteUri.StartsWith(start + "/", StringComparison.Ordinal))
            throw PlatformProblems.AddressRefused.Because("The arguments lead out of the adapter's base address.");
        return address;
    }

    private static HttpContent? Content(HttpAction action, JsonElement arguments)
    {
        if (action.Body is null && action.BodyOf.Count == 0) return null;
        var members = action.BodyOf.Where(name => arguments.TryGetProperty(name, out _)).Select(name => (Name: name, Value: arguments.GetProperty(name))).ToList();
        if (action.Body is { } whole)
        {
            if (!arguments.TryGetProperty(whole, out var body)) return null;
            if (action.ContentType == HttpAction.Json) return Json(body.GetRawText());
            if (body.ValueKind != JsonValueKind.Object) throw Problem.Invalid(whole, "must be an object to be sent as a form");
            members = [.. body.EnumerateObject().Select(static member => (member.Name, member.Value))];
        }
        if (action.ContentType == HttpAction.Form) return new FormUrlEncodedContent(members.Select(static member => KeyValuePair.Create(member.Name, Plain(member.Value, member.Name))));
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var (name, value) in members)
            {
                json.WritePropertyName(name);
                value.WriteTo(json);
            }
            json.WriteEndObject();
        }
        return Json(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, new MediaTypeHeaderValue(HttpAction.Json));

    private static void Add(HttpRequestMessage request, string name, string value)
    {
        if (value.Any(static c => char.IsControl(c) || c > '\x7e') || !request.Headers.TryAddWithoutValidation(name, value)) throw Problem.Invalid(name, "cannot be sent as a header");
    }

    /// <exception cref="Problem">503 <c>tool_secret_missing</c>; 403 when it would go over an open line.</exception>
    private string WithSecrets(string value, AdapterCall call, Uri address) => Secret().Replace(value, match =>
    {
        var name = match.Groups[1].Value;
        // An operator who names an open origin knows his own network.
        if (address.Scheme == "http" && !_allowed.Any(origin => origin.GetLeftPart(UriPartial.Authority) == address.GetLeftPart(UriPartial.Authority)))
            throw PlatformProblems.AddressRefused.Because("A secret is not sent over an unencrypted line.");
        return call.Secrets.TryGetValue(name, out var secret) ? secret : throw ToolProblems.SecretMissing.Because($"The secret '{name}' of '{call.Manifest.Id}' is not bound.");
    });

    private static string Plain(JsonElement value, string name) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => throw Problem.Invalid(name, "must be a text, a number or a yes or no where it is sent"),
    };

    private static async Task<AdapterAnswer> AnswerAsync(AdapterCall call, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var type = response.Content.Headers.ContentType?.MediaType ?? "";
        var (bytes, isCut) = await ReadAsync(response, call.Manifest.Limits.OutputBytes, cancellationToken);
        var isJson = type == HttpAction.Json || type.EndsWith("+json", StringComparison.Ordinal);
        var isText = isJson || type.Length == 0 || type.StartsWith("text/", StringComparison.Ordinal) || type is "application/xml" or HttpAction.Form or "application/javascript" || type.EndsWith("+xml", StringComparison.Ordinal);
        var body = bytes.Length == 0 ? "" : isText ? Encoding.UTF8.GetString(bytes) : $"[{bytes.Length}{(isCut ? " or more" : "")} bytes of {type}, which are not shown.]";
        var status = $"HTTP {(int)response.StatusCode} {response.ReasonPhrase}".TrimEnd();
        // A redirect that was not followed (only GET and HEAD follow any) did not do what was asked.
        var failed = (int)response.StatusCode is < 200 or >= 300;
        var text = failed ? status + "\n" + body : body.Length == 0 ? status : body;
        if (isCut) text += $"\n[Cut at {call.Manifest.Limits.OutputBytes} bytes.]";
        return new AdapterAnswer(failed, text, !failed && isJson && !isCut && IsJson(bytes) ? body : null, isCut) { Taints = ["web"] };
    }

    private static async Task<(byte[] Bytes, bool IsCut)> ReadAsync(HttpResponseMessage response, int most, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var kept = new MemoryStream();
        var buffer = new byte[16 << 10];
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            var room = most - (int)kept.Length;
            kept.Write(buffer, 0, Math.Min(read, room));
            if (read > room) return (kept.ToArray(), true);
        }
        return (kept.ToArray(), false);
    }

    private static bool IsJson(byte[] bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = CanonicalJson.MaxDepth });
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"\{secret:([A-Za-z][A-Za-z0-9_]{0,63})\}")]
    private static partial Regex Secret();
}
