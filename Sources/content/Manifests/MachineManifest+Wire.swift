import Blake3
import Foundation
import Identity
import SwiftProtobuf
import Wire

extension MachineManifest {
    /// The canonical message: texts, bindings, secrets and volumes in order of their names.
    var message: ManifestPBMachine {
        var message = ManifestPBMachine()
        message.image = Data(image.digest.bytes)
        message.layers = layers.map { Data($0.digest.bytes) }
        message.imageName = imageName
        message.size = size.description
        message.command = command
        message.workingDirectory = workingDirectory ?? ""
        message.vars = vars.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { name, value in
            .with {
                $0.name = name
                $0.value = value
            }
        }
        message.secrets = secrets.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        message.bindings = FunctionManifest.ordered(bindings).map { binding in
            .with {
                $0.name = binding.name
                $0.type = binding.type
                $0.target = binding.targetName
            }
        }
        message.ports = ports.map { port in
            .with {
                $0.name = port.name
                $0.number = UInt32(clamping: port.number)
                $0.transport = port.transport.rawValue
                $0.isOpen = port.opening != nil
                if case .number(let number) = port.opening { $0.openNumber = UInt32(clamping: number) }
            }
        }
        if let health { message.health = health.message }
        message.volumes = volumes.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }.map { volume in
            .with {
                $0.name = volume.name
                $0.path = volume.path
                $0.byteCount = UInt64(clamping: volume.byteCount)
            }
        }
        message.minReplicas = UInt32(clamping: minReplicas)
        message.maxReplicas = UInt32(clamping: maxReplicas)
        message.restart = restart.rawValue
        message.idleMs = UInt32(clamping: idleMilliseconds)
        message.inFlightTarget = UInt32(clamping: inFlightTarget)
        message.rollout = rollout.rawValue
        message.rolloutTimeoutMs = UInt32(clamping: rolloutTimeoutMilliseconds)
        message.stopSignal = stopSignal ?? ""
        message.stopTimeoutMs = UInt32(clamping: stopTimeoutMilliseconds)
        return message
    }

    /// Checks every field: a node runs what this returns.
    init(_ message: ManifestPBMachine) throws {
        let layers = message.layers.compactMap { Digest($0).map { BlobID($0) } }
        guard let image = Digest(message.image), layers.count == message.layers.count, layers == layers.sorted(),
            let size = MachineSize(message.size), let restart = Restart(rawValue: message.restart),
            let rollout = Rollout(rawValue: message.rollout)
        else {
            throw ManifestError(
                .malformed,
                "The machine's manifest is malformed, or of a size or policy that this version does not know")
        }
        self.init(image: BlobID(image), layers: layers)
        imageName = message.imageName
        self.size = size
        command = message.command
        workingDirectory = message.workingDirectory.isEmpty ? nil : message.workingDirectory
        vars = try FunctionManifest.vars(message.vars)
        bindings = try FunctionManifest.bindings(message.bindings, besides: vars)
        guard bindings.allSatisfy({ if case .service = $0.target { true } else { false } }) else {
            throw ManifestError(.malformed, "The machine has a binding that is no service")
        }
        secrets = try FunctionManifest.secrets(message.secrets, besides: Set(vars.keys).union(bindings.map(\.name)))
        ports = try message.ports.map { port in
            guard let transport = Port.Transport(rawValue: port.transport) else {
                throw ManifestError(.malformed, "The machine has a port that speaks what this version does not know")
            }
            let opening: Port.Opening = port.openNumber == 0 ? .any : .number(Int(port.openNumber))
            guard port.isOpen || port.openNumber == 0 else {
                throw ManifestError(.malformed, "The machine has a port that is closed and open")
            }
            return Port(
                name: port.name, number: Int(port.number), transport: transport, opening: port.isOpen ? opening : nil)
        }
        health = message.hasHealth ? Health(message.health) : nil
        volumes = try message.volumes.map { volume in
            guard let byteCount = Int(exactly: volume.byteCount) else {
                throw ManifestError(.tooLarge, "The machine has a volume that is too large")
            }
            return Volume(name: volume.name, path: volume.path, byteCount: byteCount)
        }
        minReplicas = Int(message.minReplicas)
        maxReplicas = Int(message.maxReplicas)
        self.restart = restart
        idleMilliseconds = Int(message.idleMs)
        inFlightTarget = Int(message.inFlightTarget)
        self.rollout = rollout
        rolloutTimeoutMilliseconds = Int(message.rolloutTimeoutMs)
        stopSignal = message.stopSignal.isEmpty ? nil : message.stopSignal
        stopTimeoutMilliseconds = Int(message.stopTimeoutMs)
        if let problem { throw ManifestError(.malformed, "The machine has \(problem)") }
    }
}

extension MachineManifest.Health {
    fileprivate var message: ManifestPBMachineHealth {
        .with {
            switch probe {
            case .http(let port, let path):
                $0.port = port
                $0.httpPath = path
            case .tcp(let port): $0.port = port
            case .command(let words): $0.command = words
            }
            $0.intervalMs = UInt32(clamping: intervalMilliseconds)
            $0.timeoutMs = UInt32(clamping: timeoutMilliseconds)
            $0.graceMs = UInt32(clamping: graceMilliseconds)
            $0.threshold = UInt32(clamping: threshold)
        }
    }

    fileprivate init(_ message: ManifestPBMachineHealth) {
        if !message.command.isEmpty {
            self.init(.command(message.command))
        } else if message.httpPath.isEmpty {
            self.init(.tcp(port: message.port))
        } else {
            self.init(.http(port: message.port, path: message.httpPath))
        }
        intervalMilliseconds = Int(message.intervalMs)
        timeoutMilliseconds = Int(message.timeoutMs)
        graceMilliseconds = Int(message.graceMs)
        threshold = Int(message.threshold)
    }
}
