import SkerryCLI

await SkerryCommand.start()
