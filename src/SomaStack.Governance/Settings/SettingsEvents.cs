namespace SomaStack.Governance.Settings.Contracts;

public static class SettingsEvents
{
    public const string Changed = "somastack.settings.changed.v1";
    public const string ModelProfileChanged = "somastack.settings.model_profile_changed.v1";
    public const string NotificationPreferencesChanged = "somastack.settings.notification_preferences_changed.v1";
    public const string ModeChanged = "somastack.settings.mode_changed.v1";
}

/// <param name="VersionHash">Lower-hex SHA-256 over the settings, so that hubs can tell whether they hold the current ones.</param>
public sealed record SettingsChanged(
    string DisplayName, IReadOnlyList<string> ResidencyRegions, long? RequestsPerMinute, long? DailyBudgetNanos, long Version, string VersionHash);

/// <summary>The subject is <c>model-profile/TENANT/ROLE</c>, the version its own.</summary>
/// <param name="Primary">Null when the role was reset to the installation's default.</param>
public sealed record ModelProfileChanged(
    string Role, string? Primary, IReadOnlyList<string> Fallbacks, double? Temperature, long? MaxTokens, bool Cache, int? Retries, double? TimeoutSeconds, double? TotalSeconds,
    int? HedgeAfterMs, long Version);

/// <summary>The subject is <c>notification-preferences/PRINCIPAL</c>, without a principal for the tenant's own.</summary>
/// <param name="Preferences">Null when they were reset.</param>
public sealed record NotificationPreferencesChanged(string? Principal, NotificationPreferences? Preferences, long Version);

/// <summary>Of the installation, so under the tenant <c>*</c>.</summary>
/// <param name="Cause">operator or expired.</param>
/// <param name="Approval">The second key, where one was needed.</param>
public sealed record ModeChanged(
    string From, string To, DateTimeOffset? ExpiresAt, string? Fallback, string Reason, string ChangedBy, string Cause, string? Approval, long Version);
