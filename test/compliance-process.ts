import { openLog } from '../src/base/log.ts'
import { startCompliance } from '../src/cli/compliance-service.ts'

// The Compliance service alone, as a process that can be killed: node test/compliance-process.ts <store> <archive> <folder> <name>
const [storeUrl = '', complianceDatabaseUrl = '', dataDir = '', server = ''] = process.argv.slice(2)
const options = { complianceDatabaseUrl, dataDir, server }
const service = startCompliance(options, { connectionString: storeUrl }, openLog('error'))
console.log('The compliance service is ready at work')
process.once('SIGTERM', () => void service.stop().then(() => process.exit(0)))
