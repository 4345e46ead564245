using System.Globalization;

namespace SomaStack.Governance.Billing.Contracts;

/// <summary>Money as people read it.</summary>
public static class Money
{
    private const decimal PerUnit = 1_000_000_000m;

    /// <summary>In units of the currency, exact.</summary>
    /// <param name="nanos">Billionths of the currency.</param>
    public static decimal Of(long nanos) => nanos / PerUnit;

    /// <summary>Billionths of the currency, rounded half to even.</summary>
    public static long Nanos(decimal amount) => (long)decimal.Round(amount * PerUnit, MidpointRounding.ToEven);

    /// <summary><c>0.000042 USD</c>, exact.</summary>
    /// <param name="nanos">Billionths of the currency.</param>
    public static string Text(long nanos, string currency) => Of(nanos).ToString("0.#########", CultureInfo.InvariantCulture) + " " + currency;
}
