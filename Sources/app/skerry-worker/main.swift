import FunctionRuntime

WorkerMain.run()
