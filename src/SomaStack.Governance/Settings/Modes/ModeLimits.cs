using SomaStack.Platform;

namespace SomaStack.Governance.Settings.Contracts;

/// <summary>What holds while a mode lasts.</summary>
public static class ModeLimits
{
    /// <summary>In the test modes no money is spent: a call that is not known to be free goes to loopback or nowhere.</summary>
    /// <param name="isFree">Whether every price of the model is known to be nothing.</param>
    /// <exception cref="Problem">403 <c>spend_in_test</c>.</exception>
    public static void ThrowIfSpends(DeploymentMode mode, bool isFree, Uri address)
    {
        if (mode is not (DeploymentMode.Test or DeploymentMode.TestDebug) || isFree || address.IsLoopback) return;
        throw SettingsProblems.SpendInTest.Because($"The mode is {mode.Name()}, and a call to {address.Host} costs money or has no known price.");
    }
}
