using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using SomaStack.Agents.Workflows;

namespace SomaStack.Bench;

/// <summary>
/// What runs act on: a ledger that does each key once and knows what it did. Whether an effect succeeds comes from its key, so asking again
/// gives the same.
/// </summary>
internal sealed class SimulatedServices(int seed, bool calm)
{
    private readonly Dictionary<string, (string Arguments, RunInput Answer)> _ledger = new(StringComparer.Ordinal);

    /// <summary>Approvals that were asked for and not yet decided.</summary>
    public SortedSet<string> Pending { get; } = new(StringComparer.Ordinal);

    public int Done => _ledger.Count;

    public bool Did(string key) => _ledger.ContainsKey(key);

    /// <summary>The recorded answer when it was done before; null with a fault when the same key comes with something else.</summary>
    public RunInput Do(RunEffect effect, long at, List<string> faults)
    {
        var arguments = effect switch { CallTool call => $"{call.Adapter}.{call.Action} {call.Params}", AskAgent ask => ask.Params, RequestApproval request => request.Params, _ => "" };
        if (_ledger.TryGetValue(effect.Key, out var known))
        {
            if (known.Arguments != arguments) faults.Add($"The key {effect.Key} came with other arguments.");
            return known.Answer with { At = at };
        }
        var chance = Chance(effect.Key);
        var used = new EffectUse(effect is AskAgent ? 10 + chance % 40 : 0, chance % 1000);
        if (effect is RequestApproval)
        {
            Pending.Add("approval/" + effect.Key);
            return new EffectSuspended(at, effect.Path, effect.Attempt, "approval/" + effect.Key);
        }
        if (!calm && effect is CallTool { Approval: null } && chance % 11 == 0)
        {
            Pending.Add("approval/" + effect.Key);
            return new EffectSuspended(at, effect.Path, effect.Attempt, "approval/" + effect.Key);
        }
        RunInput answer = chance % (calm ? 1_000_003 : 7) == 1
            ? new EffectFailed(at, effect.Path, effect.Attempt, new StepFailure("tool_failed", "It said no."), Retryable: chance % 3 != 0, used)
            : new EffectSucceeded(at, effect.Path, effect.Attempt, new EffectResult($$"""{"value":{{chance % 100}}}""", used) { Taints = ["tool"], Record = "ledger/" + effect.Key });
        _ledger.Add(effect.Key, (arguments, answer));
        return answer;
    }

    /// <summary>Of a text and the seed alone.</summary>
    public int Chance(string text) => (int)(BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed} {text}"))) >> 1);
}
