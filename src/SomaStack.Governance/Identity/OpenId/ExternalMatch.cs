namespace SomaStack.Governance.Identity;

/// <summary>What the outside issuer says of a person, once it is proven.</summary>
internal sealed record ExternalPerson(string Subject, string? Email, bool EmailVerified, string? Name);

internal enum ExternalOutcome
{
    SignIn,
    LinkAndSignIn,
    Accept,
    Create,
    Refuse,
}

/// <summary>Whom an outside identity signs in as. Pure.</summary>
internal static class ExternalMatch
{
    /// <param name="linked">The principal that this subject was linked to before.</param>
    /// <param name="byExternalId">The one whom SCIM gave this subject as its external id.</param>
    /// <param name="byEmail">The user whose id is the e-mail address; asked for only when the issuer has verified it.</param>
    /// <param name="invited">The principal that an open invitation for the verified address names.</param>
    /// <param name="mayCreate">Whether the operator lets strangers in.</param>
    public static (ExternalOutcome Outcome, string? Principal, string By) Decide(
        ExternalPerson person, string? linked, string? byExternalId, PrincipalRow? byEmail, string? invited, bool mayCreate)
    {
        if (linked is not null) return (ExternalOutcome.SignIn, linked, "link");
        if (byExternalId is not null) return (ExternalOutcome.LinkAndSignIn, byExternalId, "external_id");
        if (EmailOf(person) is { } email)
        {
            // An address that the issuer did not verify could be anybody's; a service never signs in with a browser. Whoever has a password here has not
            // said that the issuer may speak for him.
            if (byEmail is { Kind: "user", Person: null } && byEmail.Id == email) return (ExternalOutcome.LinkAndSignIn, byEmail.Id, "email");
            if (byEmail is null && invited is null && mayCreate) return (ExternalOutcome.Create, email, "created");
        }
        if (byEmail is null && invited is not null) return (ExternalOutcome.Accept, invited, "invitation");
        return mayCreate && byEmail is null ? (ExternalOutcome.Create, null, "created") : (ExternalOutcome.Refuse, null, "");
    }

    /// <summary>The verified address as a principal's id; null when there is none that can be one.</summary>
    public static string? EmailOf(ExternalPerson person) =>
        person.EmailVerified && person.Email is { } email && AddressOf(email) is { } id && Rules.IsPrincipalId(id) ? id : null;

    /// <summary>An address as it is compared; null for what is none. ASCII alone, since other letters have lower-case forms that are somebody else's address.</summary>
    public static string? AddressOf(string email) =>
        email.Length is > 2 and <= 254 && email.IndexOf('@', StringComparison.Ordinal) is > 0 and var at && at < email.Length - 1 && email.All(static c => c is > ' ' and < '\x7f') ? email.ToLowerInvariant() : null;
}
