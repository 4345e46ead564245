using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>What names may look like and who may hand out what; pure.</summary>
internal static class Rules
{
    public const string PrincipalIdRule = "must be 1 to 128 of the characters a-z, 0-9, '.', '_', '@' and '-', beginning with a letter or digit";
    public const string TenantIdRule = "must be 1 to 63 of the characters a-z, 0-9 and '-', beginning with a letter or digit";
    public const string NameRule = "must have 1 to 200 characters and no control characters";
    public const string RoleNameRule = "must be 1 to 64 of the characters a-z, 0-9 and '-', beginning with a letter or digit";
    public const string ListRule = "must have at most 64 names";

    /// <summary>Shared with the journal: 'system' acts there when no principal does.</summary>
    private const string Reserved = "system";

    public static bool IsPrincipalId(string id) => id.Length is >= 1 and <= 128 && IsLower(id[0]) && id.All(static c => IsLower(c) || c is '.' or '_' or '@' or '-') && id != Reserved;

    public static bool IsTenantId(string id) => id.Length is >= 1 and <= 63 && IsLower(id[0]) && id.All(static c => IsLower(c) || c == '-');

    public static bool IsRoleName(string name) => name.Length is >= 1 and <= 64 && IsTenantId(name);

    public static bool IsName(string name) => name.Length is >= 1 and <= 200 && !name.Any(char.IsControl) && !string.IsNullOrWhiteSpace(name);

    public static bool IsShortList(IReadOnlyList<string>? names) => names is null || (names.Count <= 64 && names.All(static name => name is not null));

    /// <summary>A name to sign in with, unique in the installation unless somebody took it: <c>owner@demo</c>.</summary>
    public static string LoginFor(PrincipalRow row) => row.Id.Contains('@', StringComparison.Ordinal) || row.Id.Length + row.Tenant.Length >= 128 ? row.Id : $"{row.Id}@{row.Tenant}";

    /// <exception cref="Problem">403: nobody hands out, or takes from another, what he does not hold himself.</exception>
    public static void MustHold(RequestContext granter, string capability)
    {
        if (!granter.Capabilities.Has(capability)) throw IdentityProblems.CapabilityNotHeld.Because($"You do not hold '{capability}'.");
    }

    /// <exception cref="Problem">403: what somebody makes for another principal never decides approvals, or he could be both keys.</exception>
    public static void MayLend(RequestContext giver, string principal, IEnumerable<string> capabilities)
    {
        if (!IsOwn(giver, principal) && capabilities.Contains(Capability.ApprovalDecide)) throw IdentityProblems.OwnSignIn.Because($"'{Capability.ApprovalDecide}' cannot be given to a credential that is made for '{principal}'.");
    }

    /// <summary>The principal makes it for itself, or the host does, who can read the signing keys.</summary>
    public static bool IsOwn(RequestContext giver, string principal) => giver.Principal.Id == principal || giver.Principal.Id == Principal.System.Id;

    private static bool IsLower(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c);
}
