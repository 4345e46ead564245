using System.CommandLine;
using SomaStack.Client;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;
using SomaStack.Server;
using Microsoft.Extensions.DependencyInjection;

namespace SomaStack.Cli;

/// <summary>Options that several commands share. Precedence: flag, then environment, then default.</summary>
internal static class GlobalOptions
{
    public static readonly Option<string?> Data = new("--data") { Description = "Folder of the database, keys and projections (default .soma, or SOMA_DATA)." };

    public static readonly Option<string?> Url = new("--url") { Description = "Address to listen on or to talk to (default http://127.0.0.1:8080, or SOMA_URL)." };

    public static readonly Option<string?> Database = new("--database") { Description = "sqlite:PATH or postgres://user:password@host:port/database (or SOMA_DATABASE)." };

    public static readonly Option<bool> Json = new("--json") { Description = "Print one JSON document on stdout; everything else goes to stderr." };

    public static SomaOptions Read(ParseResult parsed)
    {
        var options = SomaOptions.FromEnvironment(Secrets.Over(Environment.GetEnvironmentVariable));
        return options with
        {
            DataDirectory = parsed.GetValue(Data) ?? options.DataDirectory,
            Url = parsed.GetValue(Url) ?? options.Url,
            Database = parsed.GetValue(Database) ?? options.Database,
        };
    }

    /// <summary>
    /// A client for the server at --url. The credential is SOMA_TOKEN, else what <c>soma login</c> kept for that address, else a short
    /// token minted with the keys of the data folder: who can read those owns the installation. Secrets never come from flags.
    /// </summary>
    public static async Task<SomaClient> ConnectAsync(ParseResult parsed, CancellationToken cancellationToken) =>
        // A person waits, and sees at once what is wrong.
        SomaClient.Connect(new Uri(Read(parsed).Url), await CredentialAsync(parsed, cancellationToken), new SomaClientOptions { MaxAttempts = 1 });

    public static async Task<string> CredentialAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var options = Read(parsed);
        var credential = Environment.GetEnvironmentVariable("SOMA_TOKEN") ?? await LoginFile.TokenAsync(options.Url, cancellationToken);
        if (credential is not null) return credential;
        if (!Directory.Exists(options.KeysDirectory)) throw new UsageException($"No SOMA_TOKEN is set, nobody is signed in to {options.Url}, and '{options.DataDirectory}' holds no keys. Run soma login, or name the data folder with --data.");
        return (await IssueAsync(options, null, null, null, TimeSpan.FromMinutes(15), cancellationToken)).Token;
    }

    /// <summary>Mints a token offline, for the demo tenant's owner unless another is named.</summary>
    public static async Task<IssuedToken> IssueAsync(
        SomaOptions options, string? tenant, string? principal, IReadOnlyList<string>? capabilities, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        await using var app = await SomaServer.BuildAsync(options, cancellationToken);
        var identity = app.Services.GetRequiredService<IIdentity>();
        var owner = await identity.DemoOwnerAsync(cancellationToken);
        return await identity.IssueTokenAsync(tenant ?? owner.Tenant, principal ?? owner.PrincipalId, capabilities, lifetime, cancellationToken);
    }
}
