using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.StoreTests.Identity.OpenId;

/// <summary>Whole servers on real ports over one database, each with a data folder of its own, as on two machines.</summary>
internal sealed class Replicas(IReadOnlyList<WebApplication> servers, IReadOnlyList<string> folders) : IAsyncDisposable
{
    public static async Task<Replicas> StartAsync(string database, int count)
    {
        var (servers, folders) = (new List<WebApplication>(), new List<string>());
        for (var i = 0; i < count; i++)
        {
            var folder = Path.Combine(Path.GetTempPath(), "soma-replica-" + Guid.CreateVersion7().ToString("N"));
            folders.Add(folder);
            Directory.CreateDirectory(folder);
            var app = await SomaServer.BuildAsync(new SomaOptions { Database = database, DataDirectory = folder, Url = "http://127.0.0.1:0" }, TestContext.Current.CancellationToken);
            await app.StartAsync(TestContext.Current.CancellationToken);
            servers.Add(app);
        }
        return new Replicas(servers, folders);
    }

    public T Get<T>(int server) where T : notnull => servers[server].Services.GetRequiredService<T>();

    public Uri Url(int server) => new(servers[server].Urls.First());

    public HttpClient Client(int server, string token)
    {
        var client = new HttpClient { BaseAddress = Url(server) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public async Task<string> TokenAsync(int server) =>
        (await Get<IIdentity>(server).IssueTokenAsync("demo", "owner", null, TimeSpan.FromMinutes(15), TestContext.Current.CancellationToken)).Token;

    public async ValueTask DisposeAsync()
    {
        foreach (var server in servers)
        {
            await server.StopAsync();
            await server.DisposeAsync();
        }
        foreach (var folder in folders) Directory.Delete(folder, recursive: true);
    }
}
