internal import Commands

await Tool.main()
