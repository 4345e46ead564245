using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SomaStack.EndToEndTests.Clients;
using static SomaStack.EndToEndTests.Protocols.ProtocolServer;

namespace SomaStack.EndToEndTests.Protocols;

/// <summary>
/// <c>@modelcontextprotocol/conformance</c> against the built program. docs/mcp.md lists every scenario with what comes of it and why; this test
/// holds the page to what happened, both ways. The program sends no token, so one is added on the way; nothing else is changed.
/// </summary>
public sealed partial class ConformanceTests(ProtocolServer place) : IClassFixture<ProtocolServer>
{
    [Fact]
    public async Task Every_scenario_comes_out_as_the_page_says()
    {
        await using var door = await DoorAsync();
        var results = Directory.CreateTempSubdirectory("soma-conformance-").FullName;
        var run = await ClientFiles.RunAsync("node",
            ["--import", Path.Combine(Folder, "conformance.mjs"), Path.Combine(Folder, "node_modules", "@modelcontextprotocol", "conformance", "dist", "index.js"), "server", "--url", door.Url + "/mcp", "--suite", "all", "--output-dir", results], null, Stop);
        Assert.SkipWhen(run is null, "There is no node here.");
        var seen = Directory.EnumerateFiles(results, "checks.json", SearchOption.AllDirectories)
            .ToDictionary(static file => Scenario().Match(Path.GetFileName(Path.GetDirectoryName(file)!)).Groups[1].Value, Passed, StringComparer.Ordinal);
        Assert.True(seen.Count >= 30, run!.Value.Output);
        var said = File.ReadLines(Path.Combine(Path.GetDirectoryName(ClientFiles.Folder)!, "docs", "mcp.md")).Select(static line => Row().Match(line)).Where(static row => row.Success)
            .ToDictionary(static row => row.Groups[1].Value, static row => (Outcome: row.Groups[2].Value, Why: row.Groups[3].Value.Trim()), StringComparer.Ordinal);
        foreach (var (scenario, passed) in seen.OrderBy(static pair => pair.Key, StringComparer.Ordinal)) TestContext.Current.TestOutputHelper?.WriteLine($"{scenario}: {(passed ? "passed" : "failed")}");
        var faults = seen.Where(pair => !said.TryGetValue(pair.Key, out var row) || row.Outcome == "passed" != pair.Value || (row.Outcome != "passed" && row.Why.Length < 10))
            .Select(pair => $"{pair.Key}: {(pair.Value ? "passed" : "failed")}, the page says {(said.TryGetValue(pair.Key, out var row) ? row.Outcome : "nothing")}")
            .Concat(said.Keys.Except(seen.Keys).Select(static scenario => $"{scenario}: on the page, but was not run"));
        Assert.Empty(faults);
        Directory.Delete(results, recursive: true);
    }

    private static bool Passed(string file)
    {
        var checks = JsonDocument.Parse(File.ReadAllText(file)).RootElement.EnumerateArray().Select(static check => check.GetProperty("status").GetString()).ToList();
        return checks.Contains("SUCCESS") && !checks.Contains("FAILURE");
    }

    private async Task<Door> DoorAsync()
    {
        var builder = WebApplication.CreateSlimBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapFallback(async http =>
        {
            using var request = new HttpRequestMessage(new HttpMethod(http.Request.Method), new Uri(place.Soma.Url, http.Request.Path.Value));
            if (http.Request.ContentLength > 0 || http.Request.Headers.TransferEncoding.Count > 0) request.Content = new StreamContent(http.Request.Body);
            foreach (var (name, values) in http.Request.Headers)
            {
                if (name is "Host" or "Connection" or "Transfer-Encoding") continue;
                if (!request.Headers.TryAddWithoutValidation(name, values.ToArray())) request.Content?.Headers.TryAddWithoutValidation(name, values.ToArray());
            }
            request.Headers.Host = http.Request.Host.Value;
            using var response = await place.Owner.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, http.RequestAborted);
            http.Response.StatusCode = (int)response.StatusCode;
            foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
                if (name is not "Transfer-Encoding") http.Response.Headers[name] = values.ToArray();
            await using var body = await response.Content.ReadAsStreamAsync(http.RequestAborted);
            var buffer = new byte[8192];
            int read;
            while ((read = await body.ReadAsync(buffer, http.RequestAborted)) > 0)
            {
                await http.Response.Body.WriteAsync(buffer.AsMemory(0, read), http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }
        });
        await app.StartAsync(Stop);
        return new Door(app, app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    private sealed record Door(WebApplication App, string Url) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => App.DisposeAsync();
    }

    [GeneratedRegex(@"^(?:server-)?(.+?)-\d{4}-\d{2}-\d{2}T")]
    private static partial Regex Scenario();

    [GeneratedRegex(@"^\| `([a-z0-9-]+)` \| (passed|not applicable|failing) \|(.*)\|$")]
    private static partial Regex Row();
}
