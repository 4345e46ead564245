using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace SomaStack.Operations.Notifications;

/// <summary>Hands one message to a relay and says what came of it.</summary>
internal sealed class SmtpSender(SmtpConnections connections)
{
    private static readonly TimeSpan SendMax = TimeSpan.FromSeconds(25);

    public async Task<DeliveryOutcome> SendAsync(SmtpRoute route, MimeMessage message, CancellationToken cancellationToken)
    {
        SmtpClient? client = null;
        try
        {
            var open = client = await connections.TakeAsync(route, cancellationToken);
            await SmtpConnections.StageAsync("taking the message", SendMax, token => open.SendAsync(message, token), cancellationToken);
            connections.Keep(route, open);
            client = null;
            return DeliveryOutcome.Delivered((int)SmtpStatusCode.Ok);
        }
        catch (SmtpCommandException refused)
        {
            return OutcomeOf(refused.ErrorCode, (int)refused.StatusCode, refused.Message);
        }
        catch (AuthenticationException)
        {
            return DeliveryOutcome.Retry("The mail server refused the sign-in.");
        }
        catch (SslHandshakeException)
        {
            return DeliveryOutcome.Retry("No encrypted connection to the mail server could be made.");
        }
        catch (NotSupportedException)
        {
            return DeliveryOutcome.Retry("The mail server does not offer what is demanded of it: STARTTLS or a way to sign in.");
        }
        catch (Exception exception) when (exception is TimeoutException or ProtocolException or IOException or System.Net.Sockets.SocketException or ServiceNotConnectedException)
        {
            if (exception is TimeoutException && client is not null) connections.Silent(route);
            return DeliveryOutcome.Retry(SendDelivery.OneLine(exception.Message));
        }
        finally
        {
            client?.Dispose();
        }
    }

    /// <summary>4xx is tried again. A recipient that does not exist is switched off; any other 5xx ends this message only. Pure.</summary>
    /// <param name="said">The server's own words.</param>
    internal static DeliveryOutcome OutcomeOf(SmtpErrorCode where, int status, string said)
    {
        var reason = $"The mail server answered {status}: {SendDelivery.OneLine(said)}";
        if (status is < 500 or > 599) return DeliveryOutcome.Retry(reason, null, status);
        // 5.7.x is a policy (RFC 3463): the mailbox may well be there.
        var gone = where == SmtpErrorCode.RecipientNotAccepted && status is (550 or 551 or 553) && !said.StartsWith("5.7.", StringComparison.Ordinal);
        return gone ? DeliveryOutcome.Disabled(reason, status) : DeliveryOutcome.Refused(reason, status);
    }
}
