using System.Globalization;

namespace SomaStack.Governance.Billing.Contracts;

/// <summary>Money as people read it.</summary>
public static class Money
{
    /// <summary><c>0.000042 USD</c>, exact.</summary>
    /// <param name="nanos">Billionths of the currency.</param>
    public static string Text(long nanos, string currency) => (nanos / 1_000_000_000m).ToString("0.#########", CultureInfo.InvariantCulture) + " " + currency;
}
