using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

namespace SomaStack.EndToEndTests.Fuzz;

/// <summary>Request number n of a seed: the same every time it is made in the same world.</summary>
internal sealed partial class FuzzRequest
{
    private static readonly string[] OtherMethods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "Q"];

    private readonly Random _random;
    private readonly FuzzWorld _world;
    private readonly Hostile _hostile;

    public FuzzRequest(FuzzWorld world, int seed, int number)
    {
        (_world, Number) = (world, number);
        _random = new Random(HashCode(seed, number));
        _hostile = new Hostile(_random, world.Api, world.Ids);
        Operation = world.Api.Operations[number % world.Api.Operations.Count];
        // What costs much or ruins much comes by its turn, but mostly in forms that go no further than the checks.
        Evil = _hostile.Chance(Operation.IsCostly ? .03 : .2) ? 0 : _hostile.Pick([.05, .2, .5]);
        Method = _hostile.Chance(.04) ? _hostile.Pick(OtherMethods) : Operation.Method;
        Credential = Choose();
    }

    public int Number { get; }

    public Operation Operation { get; }

    public string Method { get; }

    public double Evil { get; }

    /// <summary>What Authorization carries, or null.</summary>
    public string? Credential { get; }

    public HttpRequestMessage Build()
    {
        var options = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        var request = new HttpRequestMessage(new HttpMethod(Method), new Uri(_world.Soma.Url.GetLeftPart(UriPartial.Authority) + Address(), options));
        if (Credential is not null) request.Headers.TryAddWithoutValidation("Authorization", Credential.StartsWith('!') ? Credential[1..] : "Bearer " + Credential);
        AddHeaders(request.Headers);
        if (Operation.Body is not null || (Method is "POST" or "PUT" or "PATCH" && _hostile.Chance(.5))) request.Content = Body();
        return request;
    }

    public string Describe(HttpRequestMessage request, string body) =>
        $"{request.Method} {request.RequestUri!.PathAndQuery}\n  {string.Join("\n  ", request.Headers.Concat(request.Content?.Headers.AsEnumerable() ?? []).Where(header => header.Key != "Authorization").Select(header => $"{header.Key}: {string.Join(',', header.Value)}"))}\n  {(body.Length > 1500 ? body[..1500] + "…" : body)}";

    private string? Choose()
    {
        // The kill switch, settings, users and keys are changed for real, in a tenant of their own.
        var full = Operation.Stops ? _world.Stopped : Operation.Governs && Operation.Capability != "platform:admin" ? _world.Victim : _world.Owner;
        return _random.Next(100) switch
        {
            < 4 => null,
            4 => "",
            5 => "!Basic " + Convert.ToBase64String(_hostile.Bytes(9)),
            6 => "soma_sk_" + new string('x', _random.Next(0, 100)),
            7 => full[..(full.Length - 1 - _random.Next(full.Length - 1))],
            8 => full + "x",
            9 => "eyJhbGciOiJub25lIn0.eyJ0ZW5hbnQiOiJkZW1vIn0.",
            10 => Convert.ToBase64String(_hostile.Bytes(_random.Next(1, 400))),
            < 15 => Operation.Governs ? full : _world.Neighbour,
            _ => full,
        };
    }

    private string Address()
    {
        var path = Operation.Path;
        foreach (var parameter in Operation.Parameters)
        {
            if (parameter.In != "path") continue;
            var value = _hostile.Chance(.5) ? Uri.EscapeDataString(_hostile.Id()) : _hostile.Raw();
            path = path.Replace("{" + parameter.Name + "}", value, StringComparison.Ordinal);
        }
        var query = new StringBuilder();
        foreach (var parameter in Operation.Parameters)
        {
            if (parameter.In != "query" || (!parameter.IsRequired && _hostile.Chance(.5))) continue;
            query.Append(query.Length == 0 ? '?' : '&').Append(parameter.Name).Append('=').Append(_hostile.Chance(Evil) ? _hostile.Raw() : Sane(parameter));
        }
        if (_hostile.Chance(.02)) query.Append(query.Length == 0 ? '?' : '&').Append(_hostile.Raw());
        if (_hostile.Chance(.005)) path += "/" + _hostile.Raw();
        return Whole(path) + query;
    }

    /// <summary>The client itself resolves dot segments, however they are written, and would then ask another route than the one that is judged.</summary>
    private static string Whole(string path) => DotSegment().Replace(path, "$0~");

    [GeneratedRegex(@"(?<=[/\\])(\.|%2e){1,2}(?=$|[/\\?#])", RegexOptions.IgnoreCase)]
    private static partial Regex DotSegment();

    private string Sane(Parameter parameter)
    {
        var json = new StringBuilder();
        _hostile.Value(json, parameter.Schema, 0);
        return Uri.EscapeDataString(json.ToString().Trim('"'));
    }

    private void AddHeaders(HttpRequestHeaders headers)
    {
        void Sometimes(double probability, string name, params string[] values)
        {
            if (_hostile.Chance(probability)) headers.TryAddWithoutValidation(name, _hostile.Pick(values));
        }

        Sometimes(.1, "Idempotency-Key", $"k{_random.Next(200)}", $"k{_random.Next(200)}", "", "a b", "ü", new string('k', 256), "\u0001", "k,k");
        Sometimes(.3, "If-Match", "\"1\"", "\"2\"", "*", "W/\"1\"", "\"99999999999999999999\"", "abc", "\"-1\"", "\"1\", \"2\"");
        Sometimes(.05, "X-Client-Type", "web", "cli", "nobody", "", "web,cli");
        Sometimes(.1, "Prefer", "handling=strict", "handling=lenient, wait=10", ";;;");
        Sometimes(.05, "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0-0-0", "ff-x", "ü");
        Sometimes(.02, "X-Request-Id", "a", new string('x', 500), "ü", "a\tb");
        Sometimes(.02, "Cookie", "soma_session=x", "soma_session=" + _world.Neighbour, "=;;=", "ü=ü");
        Sometimes(.02, "Last-Event-ID", "1", "-1", "x", "99999999999999999999");
        Sometimes(.02, "X-Tenant-Id", "neighbour");
        Sometimes(.02, "Accept", "text/html", "application/xml", "*/*;q=x", "text/event-stream");
        Sometimes(.01, "Range", "bytes=0-", "x");
        Sometimes(.01, "Origin", "http://evil.example", "null");
        Sometimes(.003, "X-Fill", new string('f', 33_000), new string('f', 20_000));
    }

    private ByteArrayContent Body()
    {
        var json = new StringBuilder();
        _hostile.Value(json, Operation.Body, Evil);
        var bytes = Encoding.UTF8.GetBytes(json.ToString());
        if (Evil > 0) bytes = Broken(bytes);
        var content = new ByteArrayContent(bytes);
        var type = Evil == 0 || _hostile.Chance(.95)
            ? "application/json"
            : _hostile.Pick(["text/plain", "application/xml", "application/json; charset=utf-16", "application/json; charset=nope", "multipart/form-data", "application/x-www-form-urlencoded", "", "json"]);
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        return content;
    }

    private byte[] Broken(byte[] bytes) => _random.Next(40) switch
    {
        0 => [],
        1 => bytes[..(bytes.Length / 2)],
        2 => [.. bytes, (byte)'x'],
        3 => [0xEF, 0xBB, 0xBF, .. bytes],
        4 => [.. bytes[..(bytes.Length / 2)], 0xFF, 0xC0, .. bytes[(bytes.Length / 2)..]],
        5 => _hostile.Bytes(_random.Next(1, 200)),
        6 when _hostile.Chance(.05) => new byte[(1 << 20) + 1],
        7 => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("[", 2000))),
        8 => "{}"u8.ToArray(),
        9 => "[]"u8.ToArray(),
        10 => "null"u8.ToArray(),
        _ => bytes,
    };

    /// <summary>Not <see cref="System.HashCode"/>, which differs from process to process.</summary>
    private static int HashCode(int seed, int number) => unchecked((seed * 73_856_093) ^ (number * 19_349_663));
}
