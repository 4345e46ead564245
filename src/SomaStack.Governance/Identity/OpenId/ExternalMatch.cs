namespace SomaStack.Governance.Identity;

/// <summary>What the outside issuer says of a person, once it is proven.</summary>
internal sealed record ExternalPerson(string Subject, string? Email, bool EmailVerified, string? Name);

internal enum ExternalOutcome
{
    SignIn,
    LinkAndSignIn,
    Create,
    Refuse,
}

/// <summary>Whom an outside identity signs in as. Pure.</summary>
internal static class ExternalMatch
{
    /// <param name="linked">The principal that this subject was linked to before.</param>
    /// <param name="byExternalId">The one whom SCIM gave this subject as its external id.</param>
    /// <param name="byEmail">The user whose id is the e-mail address; asked for only when the issuer has verified it.</param>
    /// <param name="mayCreate">Whether the operator lets strangers in.</param>
    public static (ExternalOutcome Outcome, string? Principal, string By) Decide(
        ExternalPerson person, string? linked, string? byExternalId, PrincipalRow? byEmail, bool mayCreate)
    {
        if (linked is not null) return (ExternalOutcome.SignIn, linked, "link");
        if (byExternalId is not null) return (ExternalOutcome.LinkAndSignIn, byExternalId, "external_id");
        if (EmailOf(person) is { } email)
        {
            // An address that the issuer did not verify could be anybody's; a service never signs in with a browser.
            if (byEmail is { Kind: "user" } && byEmail.Id == email) return (ExternalOutcome.LinkAndSignIn, byEmail.Id, "email");
            if (mayCreate && byEmail is null) return (ExternalOutcome.Create, email, "created");
        }
        return mayCreate && byEmail is null ? (ExternalOutcome.Create, null, "created") : (ExternalOutcome.Refuse, null, "");
    }

    /// <summary>The verified address as a principal's id; null when there is none that can be one.</summary>
    public static string? EmailOf(ExternalPerson person)
    {
        if (!person.EmailVerified || person.Email is not { Length: > 2 } email || !email.Contains('@', StringComparison.Ordinal)) return null;
        var id = email.ToLowerInvariant();
        return Rules.IsPrincipalId(id) ? id : null;
    }
}
