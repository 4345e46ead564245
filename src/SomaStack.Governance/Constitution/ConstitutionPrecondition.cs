using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <summary>What test and production modes demand: the installation's constitution verifies.</summary>
internal sealed class ConstitutionPrecondition(IConstitution constitutions) : IModePrecondition
{
    public string Code => "constitution_verifies";

    public async ValueTask<string?> FaultAsync(RequestContext context, CancellationToken cancellationToken)
    {
        try
        {
            await constitutions.ActiveAsync(Db.AllTenants, cancellationToken);
            return null;
        }
        catch (Problem problem)
        {
            return problem.Detail;
        }
    }
}
