namespace SomaStack.Operations.Notifications;

/// <summary>One way out: e-mail, webhooks, text messages. Several may be up at once; each takes its own deliveries.</summary>
internal interface IDeliveryChannel
{
    /// <summary>email, sms or webhook, as in the preferences.</summary>
    string Name { get; }

    /// <summary>One attempt. It is repeated after a crash, so the far side gets <see cref="Delivery.Id"/> to tell a repetition by.</summary>
    /// <exception cref="Exception">Counts as <see cref="DeliveryOutcome.Retry"/> with the channel's own pace.</exception>
    Task<DeliveryOutcome> SendAsync(Delivery delivery, CancellationToken cancellationToken);
}

internal enum DeliveryResult
{
    /// <summary>The far side took it.</summary>
    Delivered,

    /// <summary>Not now; again after <see cref="DeliveryOutcome.After"/>, or at the channel's own pace.</summary>
    Retry,

    /// <summary>Never: this one is over, the target stays.</summary>
    Refused,

    /// <summary>The target is gone for good (410, an address that bounces): this one is over and the target is switched off.</summary>
    Disabled,
}

/// <param name="Reason">One sentence for the ledger; never a secret, at most 500 characters are kept.</param>
/// <param name="Status">The far side's status code, or null.</param>
internal sealed record DeliveryOutcome(DeliveryResult Result, string Reason, TimeSpan? After = null, int? Status = null)
{
    public static DeliveryOutcome Delivered(int? status = null) => new(DeliveryResult.Delivered, "", null, status);

    public static DeliveryOutcome Retry(string reason, TimeSpan? after = null, int? status = null) => new(DeliveryResult.Retry, reason, after, status);

    public static DeliveryOutcome Refused(string reason, int? status = null) => new(DeliveryResult.Refused, reason, null, status);

    public static DeliveryOutcome Disabled(string reason, int? status = null) => new(DeliveryResult.Disabled, reason, null, status);
}
