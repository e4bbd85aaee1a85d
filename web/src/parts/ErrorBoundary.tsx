import { Component, type ErrorInfo, type ReactNode } from 'react'

type ErrorBoundaryProps = { children: ReactNode }
type ErrorBoundaryState = { message: string | undefined }

/** The last net. Plain elements only: what failed may be the component library itself. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { message: undefined }

  static getDerivedStateFromError(error: unknown): ErrorBoundaryState {
    return { message: error instanceof Error ? error.message : String(error) }
  }

  override componentDidCatch(error: unknown, info: ErrorInfo): void {
    reportError(error instanceof Error ? error : new Error(`${String(error)}${info.componentStack ?? ''}`))
  }

  override render(): ReactNode {
    if (this.state.message === undefined) return this.props.children
    return (
      <main role="alert" style={{ padding: 24, maxWidth: 560 }}>
        <h1>This page has stopped</h1>
        <p>
          Nothing that you posted is lost, and your drafts are kept in this browser. Load the page again; if it stops
          again, tell support this sentence: {this.state.message}
        </p>
        <button type="button" onClick={() => location.reload()}>
          Load again
        </button>{' '}
        <button type="button" onClick={() => location.assign('/')}>
          Go to the start
        </button>
      </main>
    )
  }
}
