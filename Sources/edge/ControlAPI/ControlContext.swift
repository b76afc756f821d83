public import Hummingbird

/// What handlers of the control API share about a request.
public struct ControlContext: RequestContext {
    public var coreContext: CoreRequestContextStorage

    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
    }
}
