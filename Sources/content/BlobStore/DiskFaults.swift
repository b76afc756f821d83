/// Failures that tests have the disk report; a store at work has none.
package struct DiskFaults: Sendable {
    /// The `errno` with which reading from the file of a path fails; nil reads it.
    package var reading: @Sendable (String) -> CInt? = { _ in nil }
    /// The `errno` with which writing what becomes the file of a path fails; nil writes it.
    package var writing: @Sendable (String) -> CInt? = { _ in nil }

    /// The `errno` with which writing around the page cache to the file of a path fails; nil writes it.
    package var writingDirectly: @Sendable (String) -> CInt? = { _ in nil }

    package init() {}
}
