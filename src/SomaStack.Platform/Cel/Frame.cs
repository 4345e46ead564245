namespace SomaStack.Platform.Cel;

/// <summary>The state of an evaluation: the variables, then the loops' own, and how many steps are left.</summary>
public sealed class Frame(int slots)
{
    private int _left = CelLimits.Steps;

    public Value[] Slots { get; } = new Value[slots];

    /// <summary>Why the last test answered <see cref="Truth.Error"/>.</summary>
    public Fault Fault { get; private set; } = Fault.Unbound;

    public int Left => _left;

    public void Refill(int steps) => _left = steps;

    /// <exception cref="CelCostException">Nothing is left.</exception>
    public void Charge(int steps)
    {
        _left -= steps;
        if (_left < 0) throw new CelCostException();
    }

    public Truth Error(Fault fault)
    {
        Fault = fault;
        return Truth.Error;
    }
}

public enum Truth : byte
{
    False,
    True,
    Error,
}
