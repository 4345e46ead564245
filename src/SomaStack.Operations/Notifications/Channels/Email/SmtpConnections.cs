using MailKit.Net.Smtp;
using MailKit.Security;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// Open connections to mail relays. One that just sent is kept for the next message of the same batch; each stage has a limit of its own,
/// so that a relay which falls silent anywhere is left.
/// </summary>
internal sealed class SmtpConnections(OutgoingOrigins origins, TimeProvider clock) : IDisposable
{
    private const int IdleMax = 16;
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ConnectMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan GreetMax = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan SignInMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AliveMax = TimeSpan.FromSeconds(3);

    /// <summary>A relay that fell silent is not asked again for so long, so that what waits for it does not take the places of others.</summary>
    private static readonly TimeSpan SilentTime = TimeSpan.FromMinutes(1);

    private const int SilentMax = 1000;

    private readonly Lock _gate = new();
    private readonly List<Idle> _idle = [];
    private readonly Dictionary<SmtpRoute, DateTimeOffset> _silentUntil = [];

    private sealed record Idle(SmtpRoute Route, SmtpClient Client, DateTimeOffset Since);

    /// <exception cref="TimeoutException">The relay fell silent; the message says at which stage.</exception>
    public async Task<SmtpClient> TakeAsync(SmtpRoute route, CancellationToken cancellationToken)
    {
        if (IsSilent(route)) throw new TimeoutException("The mail server fell silent a moment ago and is left alone for a minute.");
        while (Pop(route) is { } idle)
        {
            if (await IsAliveAsync(idle, cancellationToken)) return idle;
            idle.Dispose();
        }
        var client = new SmtpClient { CheckCertificateRevocation = false };
        Stream? stream = null;
        try
        {
            // The operator's relay may be anywhere; a tenant's only where its other addresses may be.
            IReadOnlyList<Uri> allowed = route.Tenant.Length == 0 ? [new UriBuilder("smtp", route.Host, route.Port).Uri] : origins.Allowed;
            var connected = stream = await StageAsync("taking the connection", ConnectMax, token => OutgoingHttp.ConnectAsync(route.Host, route.Port, allowed, token).AsTask(), cancellationToken);
            await StageAsync("greeting", GreetMax, async token =>
            {
                await client.ConnectAsync(connected, route.Host, route.Port, Security(route), token);
                return true;
            }, cancellationToken);
            if (route.User.Length > 0)
                await StageAsync("signing in", SignInMax, async token =>
                {
                    await client.AuthenticateAsync(route.User, route.Password, token);
                    return true;
                }, cancellationToken);
            return client;
        }
        catch (Exception exception)
        {
            client.Dispose();
            if (stream is not null) await stream.DisposeAsync();
            // Nothing was said of the message yet, so whatever the server says is no verdict on it.
            if (exception is TimeoutException) Silent(route);
            if (exception is SmtpCommandException refused) throw new IOException($"The mail server answered {(int)refused.StatusCode} before a message was named: {refused.Message}", exception);
            throw;
        }
    }

    /// <summary>Gives back one that sent its message; a few are kept for a moment.</summary>
    public void Keep(SmtpRoute route, SmtpClient client)
    {
        var old = new List<SmtpClient>();
        lock (_gate)
        {
            var before = clock.GetUtcNow() - IdleTime;
            old.AddRange(_idle.Where(idle => idle.Since < before).Select(static idle => idle.Client));
            _idle.RemoveAll(idle => idle.Since < before);
            if (_idle.Count < IdleMax) _idle.Add(new Idle(route, client, clock.GetUtcNow()));
            else old.Add(client);
        }
        foreach (var one in old) one.Dispose();
    }

    /// <summary>Leaves a relay alone for a while.</summary>
    public void Silent(SmtpRoute route)
    {
        lock (_gate)
        {
            var now = clock.GetUtcNow();
            if (_silentUntil.Count >= SilentMax)
                foreach (var over in _silentUntil.Where(pair => pair.Value <= now).Select(static pair => pair.Key).ToList()) _silentUntil.Remove(over);
            if (_silentUntil.Count < SilentMax) _silentUntil[route] = now + SilentTime;
        }
    }

    /// <summary>Runs one stage within its limit.</summary>
    public static async Task<T> StageAsync<T>(string name, TimeSpan most, Func<CancellationToken, Task<T>> stage, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(most);
        try
        {
            return await stage(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The mail server did not answer within {most.TotalSeconds:0} seconds while {name}.");
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var idle in _idle) idle.Client.Dispose();
            _idle.Clear();
        }
    }

    private static SecureSocketOptions Security(SmtpRoute route) => route.ImplicitTls ? SecureSocketOptions.SslOnConnect : route.StartTls switch
    {
        StartTls.Required => SecureSocketOptions.StartTls,
        StartTls.Optional => SecureSocketOptions.StartTlsWhenAvailable,
        _ => SecureSocketOptions.None,
    };

    private bool IsSilent(SmtpRoute route)
    {
        lock (_gate) return _silentUntil.TryGetValue(route, out var until) && until > clock.GetUtcNow();
    }

    private SmtpClient? Pop(SmtpRoute route)
    {
        lock (_gate)
        {
            var at = _idle.FindLastIndex(idle => idle.Route == route);
            if (at < 0) return null;
            var client = _idle[at].Client;
            _idle.RemoveAt(at);
            return client;
        }
    }

    private static async Task<bool> IsAliveAsync(SmtpClient client, CancellationToken cancellationToken)
    {
        if (!client.IsConnected) return false;
        try
        {
            return await StageAsync("being asked whether it is there", AliveMax, async token =>
            {
                await client.NoOpAsync(token);
                return true;
            }, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return false;
        }
    }
}
