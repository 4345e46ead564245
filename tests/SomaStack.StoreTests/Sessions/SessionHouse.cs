using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Agents.Sessions.Contracts;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Identity;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Policy;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.StoreTests.Sessions;

/// <summary>A whole server on a fresh database; its built-in responder answers.</summary>
internal sealed class SessionHouse : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _folder;

    private SessionHouse(WebApplication app, string folder, RequestContext owner) => (_app, _folder, Owner) = (app, folder, owner);

    public RequestContext Owner { get; }

    public Db Db => Get<Db>();

    public IConversations Conversations => Get<IConversations>();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<SessionHouse> StartAsync(Databases databases, string name)
    {
        var folder = Directory.CreateTempSubdirectory("soma-sessions-").FullName;
        var app = await SomaServer.BuildAsync(new SomaOptions { DataDirectory = folder, Database = await databases.CreateAsync(name), Url = "http://127.0.0.1:0" }, Stop);
        await app.StartAsync(Stop);
        var identity = app.Services.GetRequiredService<IIdentity>();
        var owner = (await identity.DemoOwnerAsync(Stop)).PrincipalId;
        // As the owner's token says: what he holds is looked at again when a waiting turn goes on.
        var token = await identity.IssueTokenAsync("demo", owner, null, TimeSpan.FromHours(1), Stop);
        return new SessionHouse(app, folder, Databases.Context("demo", owner) with { Capabilities = CapabilitySet.Of(token.Capabilities) });
    }

    public T Get<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    /// <summary>From now on these kinds of action want a second person.</summary>
    public async Task WantApprovalAsync(string kind)
    {
        var current = (await Get<PolicyStore>().NewestAsync("demo", Stop) ?? await Get<PolicyStore>().NewestAsync(Db.AllTenants, Stop))!;
        var text = System.Text.Json.Nodes.JsonNode.Parse(current.Document)!;
        text["rules"]!.AsArray().Add(System.Text.Json.Nodes.JsonNode.Parse($$"""{"id":"ask-first","kinds":["{{kind}}"],"effect":"needs_approval","code":"ask_first","message":"m","remedy":"r"}"""));
        var policy = new PolicyVersion("demo", current.Version + 1, text.ToJsonString(), PoliciesInForce.Hash(text.ToJsonString()), "set-up", TimeProvider.System.GetUtcNow());
        await Db.WriteAsync("demo", work => PolicyStore.InsertAsync(work, policy), Stop);
        Get<PoliciesInForce>().Changed("demo");
    }

    public Task ApproveAsync(Approval approval) => SecondPerson.ApproveAsync(Get<IdentityStore>(), Get<PutUser>(), Get<DecideApproval>(), Owner, approval.Id, approval.Digest);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
