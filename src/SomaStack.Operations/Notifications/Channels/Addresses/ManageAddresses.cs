using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <param name="Address">email: ada@example.com; sms: +41791234567.</param>
internal sealed record AddressRequest(string Address);

/// <param name="Code">Eight digits, as they were sent.</param>
internal sealed record AddressCodeRequest(string Code);

/// <param name="State">unverified, verified or refused.</param>
/// <param name="Reason">Why it was refused: the far side's words, untrusted.</param>
internal sealed record AddressView(string Channel, string Address, string State, DateTimeOffset? CodeUntil, DateTimeOffset? VerifiedAt, string? Reason)
{
    public static AddressView Of(AddressRow row) => new(
        row.Channel, row.Address, row.RefusedAt is not null ? "refused" : row.VerifiedAt is not null ? "verified" : "unverified", row.CodeHash is null ? null : row.CodeUntil, row.VerifiedAt,
        row.RefusedReason);
}

internal sealed record AddressList(IReadOnlyList<AddressView> Data);

/// <summary>
/// <c>/v1/notifications/addresses</c>: where one is reached oneself. A code is sent to what was typed, and only whoever types the code back
/// is sent anything else there.
/// </summary>
internal sealed class ManageAddresses(
    AddressStore store, Connectors connectors, EmailTemplates templates, SmtpSender smtp, SmsChannel sms, ISealedSecrets secrets, Attempted attempted, Db db, Journal journal, TimeProvider clock)
{
    public const int TriesMax = 5;

    private const string Path = "/v1/notifications/addresses";
    private const int CodesPerHour = 5;
    private const int CodeMinutes = 10;
    private static readonly TimeSpan SendMax = TimeSpan.FromSeconds(20);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, async (RequestContext context, ManageAddresses use, CancellationToken cancellationToken) => TypedResults.Ok(new AddressList(await use.ListAsync(context, cancellationToken))))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("Where you are reached.");
        routes.MapPut(Path + "/{channel}", (string channel, AddressRequest request, RequestContext context, ManageAddresses use, CancellationToken cancellationToken) =>
            use.AskAsync(channel, request, context, cancellationToken)).ForAnyPrincipal().WithoutReplay().WithTags("notifications").WithSummary("Name an address; a code is sent to it.");
        routes.MapPost(Path + "/{channel}/verify", (string channel, AddressCodeRequest request, RequestContext context, ManageAddresses use, CancellationToken cancellationToken) =>
            use.VerifyAsync(channel, request, context, cancellationToken)).ForAnyPrincipal().WithoutReplay().WithTags("notifications").WithSummary("Type the code back.");
        routes.MapDelete(Path + "/{channel}", (string channel, RequestContext context, ManageAddresses use, CancellationToken cancellationToken) => use.RemoveAsync(channel, context, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("Be reached there no more.");
    }

    private async Task<List<AddressView>> ListAsync(RequestContext context, CancellationToken cancellationToken) =>
        (await store.ListAsync(context.Tenant, context.Principal.Id, cancellationToken)).ConvertAll(AddressView.Of);

    internal async Task<Accepted<AddressView>> AskAsync(string channel, AddressRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        ManageConnectors.Known(channel);
        var email = channel == NotificationChannels.Email;
        Check.That(email ? AddressRules.IsEmail(request.Address) : AddressRules.IsPhone(request.Address), "address", email ? AddressRules.EmailRule : AddressRules.PhoneRule).OrThrow();
        var configured = email ? await connectors.EmailAsync(context.Tenant, cancellationToken) is not null : await connectors.SmsAsync(context.Tenant, cancellationToken) is not null;
        if (!configured) throw ChannelProblems.NotConfigured.Because($"Nothing is set up that sends by {channel}.");
        await attempted.CountAsync(context.Tenant, "address/" + context.Principal.Id, CodesPerHour, TimeSpan.FromHours(1), cancellationToken);
        // Nobody's mailbox is filled by several who name it.
        await attempted.CountAsync(Db.AllTenants, "address-of/" + TextDigest.Of(request.Address), CodesPerHour, TimeSpan.FromHours(1), cancellationToken);
        var code = RandomNumberGenerator.GetInt32(100_000_000).ToString("D8", CultureInfo.InvariantCulture);
        var now = clock.NowMicros().ToInstant();
        var row = new AddressRow(
            context.Tenant, context.Principal.Id, channel, request.Address, HashOf(context, channel, request.Address, code), now.AddMinutes(CodeMinutes), 0, null, null, null, now, 1);
        await db.WriteAsync(context.Tenant, async work =>
        {
            await AddressStore.AskAsync(work, row);
            await SayAsync(work, context, channel, "asked");
        }, cancellationToken);
        await SendAsync(context, row, code, cancellationToken);
        return TypedResults.Accepted(Path + "/" + channel, AddressView.Of(row));
    }

    internal async Task<Ok<AddressView>> VerifyAsync(string channel, AddressCodeRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        ManageConnectors.Known(channel);
        Check.That(request.Code is { Length: 8 } && request.Code.All(char.IsAsciiDigit), "code", "must have eight digits").OrThrow();
        var verified = await db.WriteAsync(context.Tenant, async work =>
        {
            var row = await AddressStore.TryAsync(work, context.Tenant, context.Principal.Id, channel, TriesMax, clock.GetUtcNow());
            if (row?.CodeHash is not { } hash || !CryptographicOperations.FixedTimeEquals(hash, HashOf(context, channel, row.Address, request.Code))) return false;
            await AddressStore.VerifyAsync(work, row, clock.GetUtcNow());
            await SayAsync(work, context, channel, "verified");
            return true;
        }, cancellationToken);
        if (!verified) throw ChannelProblems.CodeWrong.Because("It is wrong, too old, or was tried too often.");
        return TypedResults.Ok(AddressView.Of((await store.FindAsync(context.Tenant, context.Principal.Id, channel, cancellationToken))!));
    }

    internal async Task<NoContent> RemoveAsync(string channel, RequestContext context, CancellationToken cancellationToken)
    {
        ManageConnectors.Known(channel);
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (await AddressStore.DeleteAsync(work, context.Tenant, context.Principal.Id, channel) == 1) await SayAsync(work, context, channel, "removed");
        }, cancellationToken);
        return TypedResults.NoContent();
    }

    /// <exception cref="Problem">409 when the channel leads nowhere, 503 when the code could not be sent.</exception>
    private async Task SendAsync(RequestContext context, AddressRow row, string code, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(SendMax);
        DeliveryOutcome outcome;
        try
        {
            outcome = row.Channel == NotificationChannels.Email
                ? await MailAsync(context, row, code, limit.Token)
                : await sms.TextAsync(context.Tenant, row.Address, $"{code} is your code for {context.Tenant}. It holds {CodeMinutes} minutes.", limit.Token);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw ChannelProblems.CodeNotSent.Because("The far side did not take it in time.", exception);
        }
        if (outcome.Result != DeliveryResult.Delivered) throw ChannelProblems.CodeNotSent.Because(outcome.Reason);
    }

    private async Task<DeliveryOutcome> MailAsync(RequestContext context, AddressRow row, string code, CancellationToken cancellationToken)
    {
        var route = await connectors.EmailAsync(context.Tenant, cancellationToken) ?? throw ChannelProblems.NotConfigured.Because("No mail server is set up.");
        var content = await templates.RenderAsync(context.Tenant, EmailTemplates.VerifyName, TemplateValues.OfCode(context.Tenant, code, CodeMinutes), cancellationToken);
        return await smtp.SendAsync(route, EmailMessage.Of(Ids.New(clock), route.From, row.Address, content, null, clock.GetUtcNow()), cancellationToken);
    }

    private Task<long> SayAsync(DbWork work, RequestContext context, string channel, string change) =>
        journal.AppendAsync(work, context, ChannelEvents.AddressChanged, new AddressChanged(context.Principal.Id, channel, change), ChannelsJson.Default.AddressChanged);

    private byte[] HashOf(RequestContext context, string channel, string address, string code) =>
        HMACSHA256.HashData(secrets.KeyFor("address-code"), Encoding.UTF8.GetBytes($"{context.Tenant}\n{context.Principal.Id}\n{channel}\n{address}\n{code}"));
}
