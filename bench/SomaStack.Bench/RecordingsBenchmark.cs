using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Platform;

namespace SomaStack.Bench;

/// <summary>One file of recordings and what became of it.</summary>
/// <param name="Parsed">Every exchange of it became what it should: the answer unchanged, or the right refusal.</param>
/// <param name="UsageErrors">Exchanges whose booked usage is not the recorded one.</param>
/// <param name="Error">The first reason why it is not parsed; null when it is.</param>
internal sealed record RecordingReport(string File, int Interactions, int InteractionsParsed, bool Parsed, int UsageErrors, RecordedUsage Booked, RecordedUsage Expected, string? Error);

/// <summary>
/// <c>recordings</c>: replays every recording of a folder against the built server over HTTP, through the surface of its API, and compares
/// the usage in the call records with the recording's own.
/// </summary>
public static class RecordingsBenchmark
{
    private const string Tenant = "demo";

    public static readonly Benchmark Benchmark = new("recordings", "Replays recorded provider traffic (--dir) and compares what was booked with what the provider counted.", RunAsync);

    /// <exception cref="Problem">There is no such folder.</exception>
    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var folder = Path.GetFullPath(options.Directory ?? Path.Combine("..", "shared", "data", "provider-recordings"));
        if (!Directory.Exists(folder)) throw PlatformProblems.NotFound.Because($"There is no folder '{folder}'; name one with --dir.");
        var reports = await ReplayAsync(folder, options, cancellationToken);
        var result = BenchResult.Of("recordings", new Dictionary<string, Figure>(), new Dictionary<string, double>(), 1);
        result.Facts["files"] = JsonSerializer.SerializeToElement(reports.Count, BenchJson.Default.Int32);
        result.Facts["parsed"] = JsonSerializer.SerializeToElement(reports.Count(static report => report.Parsed), BenchJson.Default.Int32);
        result.Facts["usage_errors"] = JsonSerializer.SerializeToElement(reports.Sum(static report => report.UsageErrors), BenchJson.Default.Int32);
        result.Facts["per_file"] = JsonSerializer.SerializeToElement(reports, BenchJson.Default.ListRecordingReport);
        return result;
    }

    internal static async Task<List<RecordingReport>> ReplayAsync(string folder, BenchOptions options, CancellationToken cancellationToken)
    {
        var files = Directory.EnumerateFiles(folder, "*.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select((path, index) => Read(folder, path, index)).ToList();
        await using var recorded = await RecordingServer.StartAsync(cancellationToken);
        var data = Directory.CreateTempSubdirectory("soma-bench-").FullName;
        try
        {
            var providers = Path.Combine(data, "providers.json");
            await File.WriteAllTextAsync(providers, Providers(files, recorded.Url).ToJsonString(), cancellationToken);
            await using var soma = await SomaServerProcess.StartAsync(options, data, new() { ["SOMA_PROVIDERS"] = providers, ["SOMA_DETECT"] = "0" }, cancellationToken);
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(soma.Url), Timeout = TimeSpan.FromMinutes(3) };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await soma.TokenAsync(cancellationToken));
            await using var books = new RecordingBooks(Db.Open("sqlite:" + Path.Combine(data, "soma.db")), Tenant);
            var reports = new List<RecordingReport>(files.Count);
            foreach (var file in files)
            {
                reports.Add(await ReplayAsync(file, client, recorded, books, cancellationToken));
                options.Progress($"{reports.Count}/{files.Count} {reports[^1].File}: {(reports[^1].Parsed ? "parsed" : "not parsed, " + reports[^1].Error)}");
            }
            return reports;
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static Recording Read(string folder, string path, int index)
    {
        var name = Path.GetRelativePath(folder, path);
        try
        {
            var exchanges = RecordingFile.Read(path);
            var parts = new List<Part>(exchanges.Count);
            foreach (var exchange in exchanges.Where(static exchange => !exchange.IsDownload))
            {
                var api = RecordingApi.Of(exchange, out var reason);
                parts.Add(new Part(exchange, api, api is null ? "" : ProviderOf(parts, exchange, api, index), reason));
            }
            return new Recording(name, parts, parts.Count == 0 ? "it holds no call of a provider" : null);
        }
        catch (Exception exception) when (exception is InvalidDataException or FormatException or IOException)
        {
            return new Recording(name, [], exception.Message);
        }
    }

    /// <summary>A file's traffic with one address has a provider of its own, so that what fails in one file is no other's fault.</summary>
    private static string ProviderOf(List<Part> before, RecordedExchange exchange, RecordingApi api, int file)
    {
        var same = before.Find(part => part.Api?.Kind == api.Kind && part.Exchange.Uri.Host == exchange.Uri.Host && Base(part) == Base(exchange, api));
        return same?.Provider ?? $"file{file}-{before.Count}";
    }

    private static string Base(Part part) => Base(part.Exchange, part.Api!);

    private static string Base(RecordedExchange exchange, RecordingApi api) => exchange.Uri.AbsolutePath[..^(api.Path.Length + 1)];

    private static JsonArray Providers(List<Recording> files, string url)
    {
        var all = new JsonArray();
        foreach (var provider in files.SelectMany(static file => file.Parts).Where(static part => part.Api is not null).GroupBy(static part => part.Provider))
        {
            var first = provider.First();
            all.Add(new JsonObject
            {
                ["name"] = provider.Key,
                ["kind"] = first.Api!.Kind,
                ["url"] = $"{url}/{provider.Key}{Base(first)}",
                ["models"] = new JsonArray([.. provider.Select(static part => part.Model).Distinct().Select(static model => JsonValue.Create(model))]),
            });
        }
        return all;
    }

    private static async Task<RecordingReport> ReplayAsync(Recording file, HttpClient client, RecordingServer recorded, RecordingBooks books, CancellationToken cancellationToken)
    {
        var (good, wrong, booked, expected, error) = (0, 0, RecordedUsage.None, RecordedUsage.None, file.Fault);
        foreach (var part in file.Parts)
        {
            if (part.Api is null)
            {
                error ??= part.Reason;
                continue;
            }
            var (fault, calls) = await ReplayAsync(part, part.Api, client, recorded, books, cancellationToken);
            // What the server did not even ask its provider cannot be booked wrongly, unless it was booked.
            var should = recorded.Received is null ? RecordedUsage.None : part.Api.Usage(part.Exchange);
            var usage = calls.Estimated ? calls.Usage.Where(should) : calls.Usage;
            (booked, expected) = (booked.Plus(usage), expected.Plus(should));
            if (usage.Differs(should)) wrong++;
            if (fault is null) good++;
            error ??= fault;
        }
        return new RecordingReport(file.Name, file.Parts.Count, good, error is null, wrong, booked, expected, error);
    }

    private static async Task<(string? Fault, BookedCalls Calls)> ReplayAsync(Part part, RecordingApi api, HttpClient client, RecordingServer recorded, RecordingBooks books, CancellationToken cancellationToken)
    {
        recorded.Serve(part.Exchange);
        var body = (JsonObject)part.Exchange.Request!.DeepClone();
        body["model"] = $"{part.Provider}/{part.Model}";
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await client.PostAsync(api.Surface, content, cancellationToken);
        var answer = await response.Content.ReadAsStringAsync(cancellationToken);
        var calls = await books.ReadAsync(cancellationToken);
        return (Fault(part, api, (int)response.StatusCode, answer, calls, recorded), calls);
    }

    /// <returns>Null when the exchange became what it should.</returns>
    private static string? Fault(Part part, RecordingApi api, int status, string answer, BookedCalls calls, RecordingServer recorded)
    {
        if (recorded.Received is not { } received) return $"the server answered {status} without asking the provider: {Shorten(answer)}";
        if (received.Path != $"/{part.Provider}{part.Exchange.Uri.AbsolutePath}") return $"the provider was asked at {received.Path}";
        if (!JsonNode.DeepEquals(WithoutUsageWish(received.Body), WithoutUsageWish(part.Exchange.Request))) return "the request was changed on its way";
        if (!api.IsComplete(part.Exchange)) return Refused(part.Exchange, api, status, answer, calls);
        if (status != 200) return $"the answer became {status}: {Shorten(answer)}";
        if (api.Metered && !calls.Settled) return "the call was not settled";
        var same = part.Exchange.IsStream
            ? answer.Contains(Encoding.UTF8.GetString(part.Exchange.Body).TrimEnd(), StringComparison.Ordinal)
            : JsonNode.DeepEquals(JsonNode.Parse(part.Exchange.Body), JsonNode.Parse(answer));
        return same ? null : "the answer was changed on its way";
    }

    /// <summary>What was no complete answer must have become a typed refusal, or a stream that says that it failed.</summary>
    private static string? Refused(RecordedExchange exchange, RecordingApi api, int status, string answer, BookedCalls calls)
    {
        if (calls.Settled) return "what the provider did not complete was settled as complete";
        if (exchange is { Status: < 400, IsStream: true })
            return answer.Contains("\"error\"", StringComparison.Ordinal) ? null : "a stream that failed does not say so";
        if (status < 400 && !(exchange.Status < 400 && answer.Contains("\"error\"", StringComparison.Ordinal))) return $"a refusal became {status}";
        var error = Object(answer)?["error"] as JsonObject;
        if (error?["message"] is null || (error["code"] is null && error["type"] is null)) return $"the refusal has no type: {Shorten(answer)}";
        return api.Metered && calls.Calls == 0 ? "the call is not in the journal" : null;
    }

    /// <summary>The gateway asks every chat stream for its usage; all else must be as it was.</summary>
    private static JsonObject? WithoutUsageWish(JsonNode? request)
    {
        var copy = (JsonObject?)request?.DeepClone();
        if (copy?["stream_options"] is JsonObject wishes)
        {
            wishes.Remove("include_usage");
            if (wishes.Count > 0) return copy;
        }
        copy?.Remove("stream_options");
        return copy;
    }

    private static JsonObject? Object(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Shorten(string text) => text.Length <= 200 ? text : text[..200] + "\u2026";

    private sealed record Recording(string Name, List<Part> Parts, string? Fault);

    private sealed record Part(RecordedExchange Exchange, RecordingApi? Api, string Provider, string Reason)
    {
        public string Model => Exchange.Request!["model"]!.GetValue<string>();
    }
}
