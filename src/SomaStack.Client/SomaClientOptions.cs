namespace SomaStack.Client;

/// <summary>How calls are sent and repeated. The defaults suit a service; a person who waits may prefer <c>MaxAttempts = 1</c>.</summary>
public sealed record SomaClientOptions
{
    /// <summary>Sent as <c>X-Tenant-ID</c> when set. The server takes the tenant from the credential; this can only narrow it.</summary>
    public string? Tenant { get; init; }

    /// <summary>1 or more; 1 never repeats a call.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>For one call with all its repetitions and waits. Streams have it only until they open.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>For one attempt; also cut by what is left of the deadline.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The wait before the second attempt is drawn from 0 to this, then from 0 to twice this, and so on.</summary>
    public TimeSpan BaseDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>No wait is drawn from beyond this; a <c>Retry-After</c> comes on top.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>How long a version of the constitution is taken as current.</summary>
    public TimeSpan ConstitutionCache { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Put before the client's own <c>User-Agent</c>, e.g. <c>archive/2.1</c>.</summary>
    public string? UserAgent { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Draws from 0 (included) to 1 (excluded).</summary>
    public Func<double> Random { get; init; } = System.Random.Shared.NextDouble;
}
